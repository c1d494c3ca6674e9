"""Asking Care Opinion: the key, the pace, what each answer means, and the lists and stories that come back.

| answer | means | ours |
|---|---|---|
| 3xx, or a page for people where data was asked for | key rejected (redirect to the login page) | NotAuthorised |
| 401, 403 | the same, should that change | NotAuthorised |
| 404 | no such story, or no longer published | Gone |
| 429, 5xx, cut-off body, a bare sentence for a list | later | RateLimited, Unavailable |

Source: Care Opinion API v2 help pages: header `Authorization: SUBSCRIPTION_KEY <key>`, `take` (at most 100) and
`skip`, no total, 5 requests a second, lists by date of publication with the oldest first, all times UTC, reading only.
That `dateofpublicationorder=descending` turns the order round is inferred from a client: the walk is whole either way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from healthberry.connectors.base import Access
from healthberry.connectors.careopinion_walks import LIMIT
from healthberry.connectors.endpoints import Credentials
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Unavailable, UnexpectedAnswer
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.own_keys import codes_in, subscription_key
from healthberry.connectors.pace import Pace
from healthberry.connectors.walks import Position, asked_for

_KEY_REJECTED: Final = "Care Opinion rejected our key."

REFUSALS: Final[Refusals] = {
    **dict.fromkeys((301, 302, 303, 307, 308, 401, 403), (NotAuthorised, _KEY_REJECTED)),
    404: (Gone, "Care Opinion no longer shows this story."),
    429: (RateLimited, "Care Opinion asks us to slow down."),
}

STORIES: Final = "/api/v2/opinions"
RESPONSES: Final = "/api/v2/responses"
_REQUESTS_PER_SECOND: Final = 4.5  # five, and a little room
NO_KEY: Final = (
    "This installation has no Care Opinion subscription key (CAREOPINION_SUBSCRIPTION_KEY). "
    "Your organisation can add its own in the settings of the channel."
)


class Api:
    """The API, asked with the key of a channel, beneath which lies that of the installation."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        paced = pace or Pace(_REQUESTS_PER_SECOND)
        self.http = Http(base_url, "Care Opinion", REFUSALS, transport=transport, read_seconds=read_seconds, pace=paced)
        self._credentials = credentials

    def list(self, access: Access, path: str, at: Position, since: str) -> Sequence[Any]:
        """Return one page of `STORIES` or `RESPONSES` as they come. Raises: Temporary, Permanent."""
        params = [("nacs", code) for code in codes_in(access.config, "nacs")]
        if not params:
            return []
        params += [("publishedafter", since)] if since else []
        params += [("dateofpublicationorder", "descending")] if path == STORIES else []
        params += [("take", str(asked_for(at, LIMIT))), ("skip", str(at.offset))]
        return _elements(self.http.get(path, headers=self.headers(access), params=params))

    def story(self, access: Access, number: str) -> Any:
        """Return one story as it comes. Raises: Gone where it is not shown; Temporary, Permanent."""
        answer = self.http.get("/api/v2/opinions/{id}", headers=self.headers(access), id=number)
        _no_page(answer)
        return answer.json()

    def responses(self, access: Access, number: str) -> Sequence[Any]:
        """Return the responses to one story. Raises: Gone where it is not shown; Temporary, Permanent."""
        return _elements(self.http.get("/api/v2/opinions/{id}/responses", headers=self.headers(access), id=number))

    def headers(self, access: Access) -> Mapping[str, str]:
        """Return the header that holds the key. Raises: NotAuthorised where there is none."""
        key = subscription_key(access, self._credentials.careopinion_subscription_key)
        if not key:
            raise NotAuthorised(NO_KEY)
        return {"Authorization": f"SUBSCRIPTION_KEY {key}"}


def _no_page(answer: Answer) -> None:
    if answer.is_html:
        raise NotAuthorised(_KEY_REJECTED)


def _elements(answer: Answer) -> Sequence[Any]:
    _no_page(answer)
    body = answer.json()
    if isinstance(body, str):
        # "Sorry! Something went wrong." has been seen with status 200.
        raise Unavailable("Care Opinion says that something went wrong.")
    if not isinstance(body, list):
        raise UnexpectedAnswer("Care Opinion gave an answer that is no list.")
    return body
