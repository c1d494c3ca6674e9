"""The headers of every answer: of each page, signed in or not, of files, and of everything that says no."""

import re
from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from healthberry import create_app
from healthberry.admission import Admission
from healthberry.connectors.base import File
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.postgres import LocalPostgres
from healthberry.models.attachments import Attachment
from healthberry.settings import Settings
from tests.policy.test_hostile_input import mine as mine
from tests.world import World

PACKAGE = Path(__file__).resolve().parents[2] / "healthberry"
_EXACT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_CLOSED = ("camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()", "display-capture=()")


def weak(answer: TestResponse, *, secure: bool = False) -> list[str]:
    """Return what is missing from this answer's headers, or too wide."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    found = [name for name, value in _EXACT.items() if headers.get(name) != value]
    found += [one for one in _CLOSED if one not in headers.get("Permissions-Policy", "").split(", ")]
    found += [part for part in ("default-src 'none'", "frame-ancestors 'none'") if part not in policy.split("; ")]
    if re.search(r"unsafe-|\*|https?:|strict-dynamic", policy):
        found.append(policy)
    if "script-src" in policy:
        found += [] if re.search(r"script-src 'nonce-[\w-]{20,}';", policy) else ["script-src"]
        found += [one for one in ("base-uri 'none'", "require-trusted-types-for 'script'") if one not in policy]
    hsts = headers.get("Strict-Transport-Security")
    if hsts != ("max-age=31536000; includeSubDomains" if secure else None):
        found.append(f"Strict-Transport-Security: {hsts}")
    if any(name in headers for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin")):
        found.append("says more than it should")
    return found


def _paths(app: Flask, values: dict[str, object]) -> Iterator[tuple[str, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" in (rule.methods or set()):
            with app.test_request_context():
                _, path = rule.build({**values, "filename": "dist/manifest.json"}, append_unknown=False) or (None, None)
            assert path is not None, f"{rule} has an argument that this test does not know"
            yield rule.endpoint, str(path)


def _asked(client: FlaskClient, path: str, **options: str) -> TestResponse:
    answer = client.open(path, **options)  # type: ignore[arg-type]
    answer.close()
    return answer


@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "strangers"])
def test_every_page_and_file_carries_every_header(
    app: Flask, client: FlaskClient, mine: dict[str, object], signed_in: bool
) -> None:
    answers = {
        path: (endpoint, _asked(client if signed_in else app.test_client(), path))
        for endpoint, path in _paths(app, mine)
    }

    assert len(answers) > 60
    assert {200, 303, 404} <= {answer.status_code for _, answer in answers.values()}
    assert {path: weak(answer) for path, (_, answer) in answers.items() if weak(answer)} == {}
    kept = {endpoint for endpoint, answer in answers.values() if answer.headers["Cache-Control"] != "no-store"}
    assert kept == {"static"}


def test_a_link_of_a_mail_opens_a_page_that_no_browser_keeps(client: FlaskClient) -> None:
    for path in ("/r/token", "/unsubscribe/token", "/invitation/token", "/code"):
        assert _asked(client, path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["page", "part"])
def test_every_refusal_carries_every_header(app: Flask, world: World, htmx: dict[str, str]) -> None:
    @app.get("/breaks")
    def breaks() -> str:
        raise RuntimeError

    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    world.signed_in(client, world.member(world.organisation(), role="viewer"))
    scope.leave()
    answers = {
        400: client.post("/signin", headers=htmx),
        403: client.get("/settings/audit", headers=htmx),
        404: client.get("/static/nothing", headers=htmx),
        405: client.delete("/inbox", headers=htmx),
        413: client.post("/hooks/x", data=b"x" * 2_000_000, headers=htmx),
        500: client.get("/breaks", headers=htmx),
    }

    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    assert {status: weak(answer) for status, answer in answers.items() if weak(answer)} == {}
    assert weak(client.options("/inbox")) == []
    assert weak(client.head("/")) == []


def test_without_a_database_and_at_a_full_door_they_are_there_too(
    app: Flask, settings: Settings, postgres: LocalPostgres
) -> None:
    nowhere = postgres.app_url.replace("host=", "host=%2Fnowhere&x=").split("&x=")[0]
    gone = create_app(replace(settings, database_url=nowhere)).test_client().get("/signup")
    full = Client(Admission(app.wsgi_app, 0), Response).get("/inbox")
    full_https = Client(Admission(app.wsgi_app, 0, secure=True), Response).get("/inbox")

    assert [answer.status_code for answer in (gone, full, full_https)] == [503] * 3
    assert (weak(gone), weak(full), weak(full_https, secure=True)) == ([], [], [])
    assert full.headers["Cache-Control"] == "no-store"


def test_an_installation_on_https_is_promised_to_stay_there_whatever_its_proxy_speaks(settings: Settings) -> None:
    app = create_app(replace(settings, public_url="https://feedback.example.nhs.uk"))
    secure = app.test_client()

    for path in ("/", "/inbox", "/nowhere", "/static/dist/manifest.json", "/health"):
        answer = _asked(secure, path)
        assert weak(answer, secure=True) == [], path
    cookie = secure.get("/signin", base_url="https://feedback.example.nhs.uk").headers["Set-Cookie"]
    assert cookie.startswith("__Host-healthberry=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    with app.app_context():
        db.engine.dispose()


def _asked_for(app: Flask, client: FlaskClient, kept: str) -> dict[str, tuple[int, TestResponse]]:
    """Ask for what is no page: with the status that it should have."""
    return {
        "stream": (200, client.get("/stream?view=inbox")),
        "file": (200, client.get(f"/attachments/{kept}")),
        "export": (200, client.post("/settings/audit/export", data={})),
        "nobody's name": (400, client.get("/inbox", headers={"Host": "."})),
        "gone": (410, client.get(f"/code/{kept}/key")),
        "not as it should be": (422, client.post("/signin", data={"email": "x"})),
        "no sign-in": (401, app.test_client().get("/stream?view=inbox")),
        "forged": (403, client.post("/hooks/x", data=b"{}")),
    }


def test_a_stream_a_file_an_export_and_every_wait_carry_every_header(
    app: Flask, settings: Settings, client: FlaskClient, world: World
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    world.signed_in(client, member)
    world.arrives(world.channel(organisation), world.item(files=(File("a.jpg", "image/jpeg", b"picture"),)))
    kept = db.session.scalars(db.select(Attachment.id)).one()
    scope.leave()
    answers = Context().run(_asked_for, app, client, str(kept))
    narrow = create_app(replace(settings, reads_per_minute=1))
    narrow.test_client().get("/signin")
    answers["too often"] = (429, narrow.test_client().get("/signin"))
    for _, answer in answers.values():
        answer.close()

    assert {name: answer.status_code for name, (_, answer) in answers.items()} == {
        name: status for name, (status, _) in answers.items()
    }
    assert {name: weak(answer) for name, (_, answer) in answers.items() if weak(answer)} == {}
    assert {name for name, (_, answer) in answers.items() if "no-store" not in answer.headers["Cache-Control"]} == set()
    with narrow.app_context():
        db.engine.dispose()


_TEMPLATES = [
    file
    for folder in ("templates", "sandbox/templates", "local/pages")
    for file in sorted((PACKAGE / folder).rglob("*.html"))
    if "mail" not in file.relative_to(PACKAGE).parts
]


def test_no_template_has_anything_that_the_policy_would_refuse() -> None:
    refused = {
        file.relative_to(PACKAGE).as_posix(): found
        for file in _TEMPLATES
        if (found := re.findall(_REFUSED, re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)))
    }

    assert len(_TEMPLATES) > 100
    assert refused == {}


# A handler or a style in a tag, a block of styles, a script with no address of its own, an address that is a script.
_REFUSED = re.compile(
    r"<[a-z][^>]*\s(?:on[a-z]+|style|srcdoc|hx-on[\w:-]*)\s*=|<style\b(?! nonce=)|<script\b(?![^>]*\ssrc=)"
    r"|javascript:|js:",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "bad",
    [
        '<a\nonclick="x()">', '<p class="a" style="color: red">', "<style>p {}</style>", "<script>x()</script>",
        '<script nonce="{{ nonce() }}">x()</script>', '<a href="JavaScript:x()">', '<form hx-on:submit="x()">',
        '<div hx-vals="js:{a: 1}">', "<iframe srcdoc='x'>",
    ],
)  # fmt: skip
def test_the_search_finds_each_of_them(bad: str) -> None:
    assert _REFUSED.search(bad)
