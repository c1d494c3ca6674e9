"""Every field of every form, hostile one at a time: done, or refused in words that people can read."""

import re
from itertools import product
from typing import Any, ClassVar

import pytest
from flask import Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.formparser import FormDataParser

from tests.imagined import kinds
from tests.policy.desk import Desk, desk, settings
from tests.policy.forms import FORMS, Form
from tests.signup.conftest import providers

__all__ = ["desk", "kinds", "providers", "settings"]

HOSTILE = {
    "empty": "",
    "emoji": "👩🏽‍⚕️🚑" * 50,
    "right to left": "\u202eمرحبا بكم\u202c שלום",
    "NUL": "before\x00after",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "quotes": "'\"`; DROP TABLE messages; -- %s {{ 7*7 }} ${7*7}",
    "line breaks": "one\r\nBcc: everybody@example.org\r\n\r\ntwo",
    "numbers": "99999999999999999999999999999999",
    "malformed UTF-8": b"\xff\xfe\xc3\x28",
    "lone surrogate": b"\xed\xa0\x80",
    "a megabyte": "x" * 1_000_000,
}

# Where a refusal stands on a page or in a part of one.
_REFUSAL = re.compile(
    r'<[^>]+(?:class="lead"|nhsuk-error-summary__list|class="composer__error"|id="notice-text"|id="saved"|id="news"|id="found-title")[^>]*>'
)
_MARKUP = re.compile(r"<svg.*?</svg>|<[^>]+>", re.DOTALL)


def refusal(html: str) -> str:
    """Return the sentence that says why, "" for none."""
    found = _REFUSAL.search(html)
    words = _MARKUP.sub(" ", html[found.end() : found.end() + 2000]).split() if found else []
    return " ".join(words[:12]) if len(words) >= 3 else ""


@pytest.mark.parametrize("htmx", [False, True], ids=["form", "htmx"])
def test_every_form_is_taken_when_it_is_filled_in_well(desk: Desk, htmx: bool) -> None:
    refused = {}
    for form in FORMS:
        answer = desk.send(form, htmx=htmx)
        if answer.status_code not in form.answers:
            refused[f"{form.endpoint} {form.fields}"] = (answer.status_code, refusal(answer.text))

    assert refused == {}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_one_hostile_field_is_taken_or_refused_in_words(desk: Desk, value: str | bytes) -> None:
    broken: dict[str, object] = {}
    for form in FORMS:
        for name, htmx in product(form.fields, (False, True)):
            answer = desk.send(form, htmx=htmx, **{name: value})
            wordless = answer.status_code >= 400 and not refusal(answer.text)
            if answer.status_code >= 500 or wordless or b"<script>alert" in answer.data:
                broken[f"{form.endpoint}, {name}{', htmx' if htmx else ''}"] = answer.status_code

    assert broken == {}


class _Noted(ImmutableMultiDict):  # type: ignore[type-arg]
    """A form that notes which fields are asked of it."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, *rest: Any, **more: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *rest, **more)

    def getlist(self, key: str, *rest: Any, **more: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *rest, **more)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class _Noting(Request):
    def make_form_data_parser(self) -> FormDataParser:
        parser = super().make_form_data_parser()
        parser.cls = _Noted
        return parser


def test_every_field_that_is_read_stands_in_the_list(desk: Desk) -> None:
    desk.app.request_class = _Noting
    listed: dict[str, set[str]] = {}
    for form in FORMS:
        listed.setdefault(form.endpoint, set()).update(form.fields)
    read: dict[str, set[str]] = {}
    for form in (*FORMS, *(Form(endpoint, {"x": "y"}) for endpoint in desk.routes if endpoint not in listed)):
        _Noted.asked.clear()
        desk.send(form, htmx=False)
        read[form.endpoint] = read.get(form.endpoint, set()) | _Noted.asked

    assert len(read) >= 28
    assert {endpoint: names for endpoint, names in read.items() if names} == listed
