"""Asking NHS.UK: which key goes where, what each status means, and the lists and reviews that come back.

| status | means | ours |
|---|---|---|
| 401 | key missing or wrong | NotAuthorised |
| 403 | key not entitled (for a response also: reference used before) | NotAuthorised (after a look) |
| 404 | no such comment; for a list: nothing under this code | Gone; empty page |
| 400, 409, 422 | the response is refused | Rejected (after a look) |
| 429, 5xx, broken body, page for people | later | RateLimited, Unavailable |

Source: NHS.UK "Ratings and Reviews" and "Moderation" APIs (generation 2): one `subscription-key` header each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from healthberry.connectors import nhsuk_items as items
from healthberry.connectors.base import Access
from healthberry.connectors.endpoints import Credentials
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable, UnexpectedAnswer
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.nhsuk_about import PUBLISHER_KEY
from healthberry.connectors.nhsuk_walks import LIMIT
from healthberry.connectors.own_keys import subscription_key
from healthberry.connectors.text import line
from healthberry.connectors.walks import START, Position, asked_for

REFUSALS: Final[Refusals] = {
    400: (Rejected, "NHS.UK does not accept this."),
    401: (NotAuthorised, "NHS.UK refused our key."),
    403: (NotAuthorised, "NHS.UK says that our key may not be used for this."),
    404: (Gone, "NHS.UK has no such review any more."),
    409: (Rejected, "NHS.UK has this answer already or does not accept it."),
    422: (Rejected, "NHS.UK does not accept this."),
    429: (RateLimited, "NHS.UK asks us to slow down."),
}

NO_KEY: Final = (
    "This installation has no NHS.UK subscription key (NHSUK_SUBSCRIPTION_KEY). "
    "Your organisation can add its own in the settings of the channel."
)
_FIRST_LOOK_SITES: Final = 5
_READ_SECONDS: Final = 60.0  # Source: a public client of this API waits as long


@dataclass(frozen=True)
class Publisher:
    """Whoever may publish answers by API: the organisation itself, else the installation."""

    publisher_id: str
    key: str = field(repr=False)


class Api:
    """The two APIs, asked with the keys of a channel, beneath which lie those of the installation."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        wait = _READ_SECONDS if read_seconds is None else read_seconds
        self.http = Http(base_url, "NHS.UK", REFUSALS, transport=transport, read_seconds=wait)
        self._credentials = credentials

    def publisher(self, access: Access) -> Publisher | None:
        """Return who publishes the answers of a channel by API; None where nobody may.

        The installation's publisher speaks for those only whose codes the register knows to be theirs.
        """
        own, key = line(access.config.get("publisher_id"), 100), access.secrets.get(PUBLISHER_KEY)
        if own and key:
            return Publisher(own, key)
        installed = self._credentials
        if access.config.get("by_hand"):
            return None
        if installed.nhsuk_publisher_id and installed.nhsuk_publisher_key:
            return Publisher(installed.nhsuk_publisher_id, installed.nhsuk_publisher_key)
        return None

    def first_look(self, access: Access, codes: Sequence[str]) -> str:
        """Say for people how much there is under the first codes. Raises: Temporary, Permanent."""
        counted = 0
        for code in codes[: 1 + _FIRST_LOOK_SITES]:
            here = len(self.list(access, code, START, []))
            if here >= LIMIT:
                return f"more than {LIMIT} reviews"
            counted += here
        if not counted:
            return "no reviews yet"
        return f"{counted} review{'s' * (counted > 1)}" + (" or more" if len(codes) > 1 + _FIRST_LOOK_SITES else "")

    def list(self, access: Access, code: str, at: Position, params: Params) -> Sequence[Any]:
        """Return one page of a code's reviews as NHS.UK has them. Raises: Temporary, Permanent."""
        query = [("odsCode", code), ("limit", str(asked_for(at, LIMIT))), ("offset", str(at.offset)), *params]
        try:
            answer = self.http.get("/comments/Comments", headers=self._headers(access), params=query)
        except Gone:
            return []
        return _elements(answer)

    def comment(self, access: Access, remote_id: str) -> Any:
        """Return one review with its response. Raises: Gone where it is not shown; Temporary, Permanent."""
        answer = self.http.get(
            "/comments/CommentById", headers=self._headers(access), params=[("CommentID", remote_id)]
        )
        for element in _elements(answer):
            if items.comment_id(element) == remote_id and not items.is_removed(element):
                return element
        raise Gone("NHS.UK has no such review any more.")

    def respond(self, publisher: Publisher, body: Mapping[str, Any]) -> Answer:
        """Send a response and return the answer whatever its status. Raises: Unavailable."""
        return self.http.ask("POST", "/moderation/response", headers={"subscription-key": publisher.key}, json=body)

    def _headers(self, access: Access) -> Mapping[str, str]:
        key = subscription_key(access, self._credentials.nhsuk_subscription_key)
        if not key:
            raise NotAuthorised(NO_KEY)
        return {"subscription-key": key}


def _elements(answer: Answer) -> Sequence[Any]:
    if answer.is_html:
        raise Unavailable("NHS.UK sent a page for people instead of data.")
    body = answer.json()
    found = body.get("comments", ()) if isinstance(body, dict) else body
    if found is None:
        return []
    if not isinstance(found, list):
        raise UnexpectedAnswer("NHS.UK gave an answer in which there is no list of reviews.")
    return found
