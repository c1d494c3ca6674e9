"""Kinds of channels that tests alone know: one that is signed in to, one that a form leads to, one without outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask

from healthberry.connectors.base import (
    About,
    Access,
    Authorisation,
    Capabilities,
    Field,
    Linkable,
    Linkables,
    Listing,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.errors import ConnectorError, NotAuthorised, NotLinked
from healthberry.connectors.registry import Connectors
from healthberry.models.owned import now

_ABOUT = About(reads="What is said there.", answers="You answer from here.", needs="Somebody who manages it.")
PAGES = Capabilities(
    label="Pages of Imagined",
    place="Imagined",
    short="IM",
    item="post",
    reply="api",
    poll_seconds=300,
    connect="oauth",
    about=_ABOUT,
    group="social",
    reread_seconds=3600,
)
FIELDS = (
    Field("address", "Address", "Such as https://example.org/news", kind="address"),
    Field("password", "Password", kind="secret"),
    Field("words", "Words that must occur", kind="words", required=False),
    Field("days", "Days", kind="number", required=False),
    Field("how", "How it is read", kind="choice", choices=(("all", "Everything"), ("new", "Only what is new"))),
)
FORM = replace(PAGES, label="Imagined news", place="Imagined news", connect="fields", fields=FIELDS, reply="none")
HERE = replace(
    PAGES,
    label="Imagined cards",
    place="Imagined cards",
    connect="here",
    poll_seconds=None,
    reread_seconds=None,
    backfills=False,
    several=False,
    reply="none",
)


def page(number: int = 1, **fields: Any) -> Linkable:
    """Return a page that can be linked, with a token of its own."""
    listing = Listing("pages", f"page-{number}", f"Page {number}", f"https://imagined.example/{number}", {"n": number})
    return Linkable(listing, {"page_token": f"token-{number}"}, None, f"Page {number}", **fields)


@dataclass
class Imagined(Defaults):
    """A connector that opens `opens` and remembers what it was given; `trouble` is raised by every step."""

    kind: str
    capabilities: Capabilities
    opens: Linkables = field(default_factory=Linkables)
    trouble: ConnectorError | None = None
    lacks: str = ""
    before: Callable[[], object] = lambda: None
    given: list[Mapping[str, str]] = field(default_factory=list)
    linked: list[Access] = field(default_factory=list)
    provider: ClassVar[str] = "https://imagined.example"

    def missing(self) -> str:
        """Say what the test says."""
        return self.lacks

    def installed_access(self) -> Mapping[str, str]:
        """Return a key of the installation, which no channel may keep."""
        return {"installed": "key-of-the-installation"}

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Part the secret from the settings."""
        self._may_fail()
        self.given.append(dict(given))
        config = {name: value for name, value in given.items() if name != "password"}
        return Access(config, {"password": given["password"]} if "password" in given else {})

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Lead to the provider."""
        if self.capabilities.connect != "oauth":
            raise NotAuthorised("There is nothing to sign in to.")
        return f"{self.provider}/authorise?state={state}&redirect_uri={redirect_uri}"

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Take the code "good"."""
        self._may_fail()
        if answer.get("code") != "good":
            raise NotAuthorised("The code is not good.")
        return Authorisation({"user_token": "of-the-user"}, now() + timedelta(hours=1), "user-1", "Pat Lee")

    def link(self, access: Access) -> Linkables:
        """Open what the test says."""
        self._may_fail()
        self.linked.append(access)
        return self.opens

    def _may_fail(self) -> None:
        self.before()
        if self.trouble:
            raise self.trouble


@dataclass
class Kinds:
    """The imagined kinds of one application."""

    pages: Imagined
    form: Imagined
    here: Imagined


@pytest.fixture
def kinds(app: Flask) -> Kinds:
    """Let the application know three more kinds: "pages", "form" and "here"."""
    form = Listing("form", "news", "The news", "https://news.example/", {})
    here = Listing("here", "cards", "Cards", "", {})
    made = Kinds(
        Imagined("pages", PAGES, Linkables([page(1), page(2)])),
        Imagined("form", FORM, Linkables([Linkable(form)])),
        Imagined("here", HERE, Linkables([Linkable(here)])),
    )
    known: list[Any] = list(app.extensions["connectors"])
    known += [made.pages, made.form, made.here]
    app.extensions["connectors"] = Connectors(known)
    return made


def refuses(connector: Imagined, reason: str, name: str = "") -> None:
    """Let a connector refuse what it is given from now on."""
    connector.trouble = NotLinked(reason, name)
