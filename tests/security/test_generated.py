"""Thousands of requests that nobody thought of, to every route by every method: none is answered with a 5xx.

The suite sends 2,000, the same each time; `make hostile` sends 50,000 others. Nothing is shortened afterwards: what a
request did to the rows changes the next answer, so the first request of each route that breaks is shown as it was.
"""

import itertools
import logging
import os
import re
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from healthberry.settings import Settings
from tests.policy.test_hostile_input import FIELDS
from tests.policy.test_hostile_input import mine as mine

SUITE = 2_400
_REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", SUITE))
# A stream answers for as long as it is read; the others end the session that all need, or give away what its member may
# do. They have their own tests.
_ELSEWHERE = {
    "stream.follow",
    "session.sign_out",
    "operator.sign_out",  # ends whatever this browser is signed in as
    "settings.sign_out_everywhere",
    "people.leave",
    "people.hand_over",
}
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")

log = logging.getLogger(__name__)

_WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["", "0", "-1", "9" * 40, "null", "true", "\x00", "../../etc/passwd", "{{7*7}}", "%s%n", "' OR 1=1"]
    ),
    st.sampled_from(
        ["api", "administrator", "spam", "closed", "a@b.example", "2026-02-30", "2027-05-03T08:00:00+00:00"]
    ),
)
_HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60)
_NAMES = """
    Accept Accept-Language Authorization HX-Current-URL HX-Target If-Modified-Since If-None-Match Last-Event-ID Origin
    Range Referer User-Agent X-CSRFToken Host X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Hub-Signature-256
    """.split()  # noqa: SIM905 - a list of words reads better as words
_HEADERS = st.dictionaries(st.sampled_from(_NAMES), _HEADER, max_size=4)
_PAIRS = st.lists(st.tuples(st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)), _WORDS), max_size=6)
_TYPES = [
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/xml",
    "",
    "é",
]


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogatepass")


_BODIES = st.one_of(
    st.tuples(st.just(_TYPES[0]), _PAIRS.map(lambda pairs: _encoded(pairs).encode())),
    st.tuples(st.sampled_from(_TYPES), st.binary(max_size=200)),
    st.tuples(
        st.just(_TYPES[1]),
        st.tuples(st.sampled_from(FIELDS), st.binary(max_size=80)).map(
            lambda one: b'--x\r\nContent-Disposition: form-data; name="%b"; filename="a"\r\n\r\n%b\r\n--x--' % (
                one[0].encode(), one[1]
            )
        ),
    ),
)  # fmt: skip


def _seldom(strategy: st.SearchStrategy[str], of: int) -> st.SearchStrategy[str | None]:
    """Make one only once in so many times, else None; numbers in the middle, for the ends are tried more often."""
    return st.tuples(st.integers(0, 1_000), strategy).map(lambda one: one[1] if one[0] % of == of // 2 else None)


# One request but for its route: each route has its turn, and takes the parts that it wants.
_REQUESTED = st.fixed_dictionaries(
    {
        "nowhere": _seldom(st.text(max_size=80), 20),
        "arguments": st.lists(_seldom(_WORDS, 3), min_size=3, max_size=3),
        "method": _seldom(st.sampled_from(_METHODS), 8),
        "pairs": _PAIRS,
        "headers": _HEADERS,
        "htmx": st.booleans(),
        "body": _BODIES,
        "cookie": st.sampled_from(["mine", "mine", "mine", "none", "broken"]),
        "broken": _HEADER,
        "address": st.integers(0, 65_535),
    }
)


def _path(rule: str, made: dict[str, Any], ids: dict[str, str]) -> str:
    if made["nowhere"] is not None:
        return "/" + quote(made["nowhere"], errors="replace")
    words = iter(made["arguments"])

    def fill(argument: re.Match[str]) -> str:
        word = next(words)
        return ids.get(argument[1], "x") if word is None else quote(word, errors="replace")

    return re.sub(r"<(?:\w+:)?(\w+)>", fill, rule)


def _send(app: Flask, cookie: str, method: str, path: str, made: dict[str, Any]) -> int:
    name = app.config["SESSION_COOKIE_NAME"]
    value = {"mine": f"{name}={cookie}", "none": "", "broken": f"{name}={made['broken']}; {made['broken']}"}
    try:
        answer = app.test_client(use_cookies=False).open(
            path,
            method=method,
            query_string=_encoded(made["pairs"]),
            headers={
                **made["headers"],
                "Cookie": value[made["cookie"]],
                **({"HX-Request": "true"} if made["htmx"] else {}),
            },
            content_type=made["body"][0],
            data=made["body"][1],
            environ_overrides={"REMOTE_ADDR": f"10.1.{made['address'] // 256}.{made['address'] % 256}"},
        )
    except Exception:  # what even the page of a fault did not survive: a server answers 500
        log.exception("%s %s", method, path)
        return 500
    answer.close()
    return answer.status_code


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation that lets one person read as fast as a machine asks: its refusals would hide the pages.

    Nor does it say within a day that no worker works: that would be a 503 of /health, rightly.
    """
    return replace(settings, reads_per_minute=10_000_000, silent_seconds=24 * 3600)


@pytest.mark.timeout(1800)
def test_no_generated_request_is_answered_with_a_fault_of_ours(
    app: Flask, client: FlaskClient, mine: dict[str, object]
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie
    rules = [rule for rule in sorted(app.url_map.iter_rules(), key=str) if rule.endpoint not in _ELSEWHERE]
    routes = [(rule.rule, method) for rule in rules for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    turns = itertools.cycle(routes)
    ids = {name: str(value) for name, value in mine.items()}
    statuses: Counter[int] = Counter()
    broken: dict[str, tuple[int, str, dict[str, Any]]] = {}

    @hypothesis.settings(
        max_examples=_REQUESTS,
        derandomize=_REQUESTS == SUITE,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_REQUESTED)
    def send(made: dict[str, Any]) -> None:
        rule, method = next(turns)
        method = made["method"] or method
        path = _path(rule, made, ids)
        status = _send(app, cookie.value, method, path, made)
        statuses[status] += 1
        if status >= 500:
            broken.setdefault(f"{method} {rule}", (status, path, made))

    send()

    print(dict(sorted(statuses.items())), f"{len(routes)} routes and methods")  # noqa: T201
    assert broken == {}
    assert statuses[429] < sum(statuses.values()) / 20, "few are hidden behind a refusal: codes asked for too often"
    assert sum(statuses.values()) >= max(_REQUESTS, 10 * len(routes))
    assert {200, 303, 404, 405, 422} <= set(statuses), "requests reach what they are meant to try"
    assert client.get("/inbox").status_code == 200, "signed in to the end"
