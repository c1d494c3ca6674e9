"""What every imitated site says of itself and can do: the face that control, pages, faults and life speak to.

A site that keeps nothing of its own kind is a `SimpleSite` (simple.py), which fills in most of this.
"""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from flask import Blueprint, Response

from . import places
from .store import Store
from .telling import Line, Telling, Unusable

if TYPE_CHECKING:
    from .faults import Fault
    from .invent import Inventor
    from .state import Sandbox

Json = dict[str, Any]
REFUSALS = {
    429: "Rate limit is exceeded. Try again in {seconds} seconds.",
    500: "Internal server error",
    401: "Access denied",
}


@dataclass(frozen=True)
class Key:
    """A secret that callers must present: its name in the environment, and how it is made up where it is not given."""

    name: str
    make: Callable[[], str] = lambda: secrets.token_urlsafe(24)


class Site(ABC):
    """One imitated site. It keeps no state: everything is in the sandbox that its methods are given."""

    kind: ClassVar[str]
    label: ClassVar[str]  # "NHS.UK"
    # How the control API and the pages name an organisation here.
    knows_by: ClassVar[Literal["ods_code", "handle"]] = "ods_code"
    keys: ClassVar[tuple[Key, ...]] = ()
    tables: ClassVar[str] = ""  # the text of a schema, every statement with IF NOT EXISTS
    blueprints: ClassVar[tuple[Blueprint, ...]] = ()
    api_paths: ClassVar[tuple[str, ...]] = ()  # beginnings of paths whose 404 is JSON
    # Names of views, for faults: what they do (all others read), and which of them answer with a list.
    replying: ClassVar[frozenset[str]] = frozenset()
    tokens: ClassVar[frozenset[str]] = frozenset()
    lists: ClassVar[frozenset[str]] = frozenset()
    list_key: ClassVar[str | None] = None  # where a document keeps its list; None: it is the list
    strays: ClassVar[tuple[object, ...]] = ("Sorry! Something went wrong.",)
    # The form in which one writes as a patient.
    invitation: ClassVar[str]  # "Leave a review on NHS.UK"
    question: ClassVar[str] = "What do you want to say?"
    rows: ClassVar[int] = 10
    needs_title: ClassVar[bool] = False
    takes_rating: ClassVar[bool] = False
    best_rating: ClassVar[int] = 5
    needs_author: ClassVar[bool] = False
    newest_heading: ClassVar[str]  # "Newest reviews on NHS.UK"
    place_rule: ClassVar[str] = "An ODS code has 2 to 12 letters and digits."

    def place_key(self, place: str) -> str:
        """Return the one way in which an organisation is written: handles small, codes in capitals."""
        return places.code_key(place) if self.knows_by == "ods_code" else place.strip().lstrip("@").lower()

    def accepts(self, place: str) -> bool:
        """Say whether an organisation can be called so here."""
        return places.CODE.fullmatch(self.place_key(place)) is not None

    def checked(self, place: str) -> str:
        """Return an organisation's key.

        Raises: Unusable.
        """
        if not self.accepts(place):
            raise Unusable(self.place_rule)
        return self.place_key(place)

    def page(self, place: str) -> str:
        """Return the path of an organisation's public page."""
        return f"/organisations/{places.quoted(self.place_key(place))}"

    def known(self, sandbox: Sandbox) -> list[tuple[str, str]]:
        """Return name and path of the organisations for the front page, newest first; nothing for those by code."""
        return []

    def visit(self, sandbox: Sandbox, place: str) -> None:  # noqa: B027 - most sites need nothing
        """Let an organisation exist whose page somebody goes to."""

    def serve(self, sandbox: Sandbox, host: str) -> Callable[[], None]:
        """Start what this site needs beside the web server (a mail server); return what ends it."""
        return lambda: None

    @abstractmethod
    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        """Publish as a patient; return the id by which the API knows it.

        Raises: Unusable.
        """

    @abstractmethod
    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        """Describe an item and its answers, in whatever state; None when it never was.

        At least remote_id, text, title, author, state, at, replies: [{remote_id, text, author, at, state}].
        """

    @abstractmethod
    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        """Return the ids of everything that the API lists now for an organisation; `options` came in the query."""

    @abstractmethod
    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        """Change an item that `shown` described, as its author would; return its id, which may be a new one.

        Raises: Unusable.
        """

    @abstractmethod
    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        """Take an item down that `shown` described."""

    @abstractmethod
    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        """Store texts untouched as past items, oldest first; return their ids in this order.

        Raises: Unusable.
        """

    @abstractmethod
    def past(self, inventor: Inventor, key: str, number: int) -> None:
        """Invent the past of an organisation that was asked for the first time: so many items, and answers."""

    @abstractmethod
    def live(self, inventor: Inventor, key: str) -> str:
        """Invent one new item; return its id."""

    @abstractmethod
    def items(self, store: Store) -> int:
        """Return how many items there are."""

    @abstractmethod
    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        """Return the ids of the newest 50 items that a screen name wrote, newest first."""

    @abstractmethod
    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        """Return the newest 25 items that readers see of an organisation, newest first."""

    @abstractmethod
    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        """Return the path of an item's public page."""

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        """Answer with 429, 500 or 401 as the site does; `seconds` is when to come back."""
        body = json.dumps({"statusCode": status, "message": REFUSALS[status].format(seconds=seconds)})
        answer = Response(body, status, mimetype="application/json")
        if status == 429:
            answer.headers["Retry-After"] = str(seconds)
        return answer

    def spoilt(self, response: Response, fault: Fault) -> None:
        """Let a list deliver one item twice, leave one out, turn round, or hold something that is no item.

        What is no item stands in an item's place, if so ordered.
        """
        if not response.is_json:
            return
        document = json.loads(response.get_data())
        items = document if self.list_key is None else document.get(self.list_key)
        if not isinstance(items, list):
            return
        if fault.kind == "duplicate_delivery":
            items[1:1] = items[:1]
        elif fault.kind == "forgotten_item":
            del items[:1]
        elif fault.kind == "reordered":
            items.reverse()
        else:
            items[: 1 if fault.replace else 0] = self.strays
        response.set_data(json.dumps(document))

    def malformed(self, body: bytes) -> bytes:
        """Put bytes into an answer that are not UTF-8."""
        return body.replace(b'":"', b'":"\xff\xfe', 1)
