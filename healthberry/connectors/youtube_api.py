"""The calls to the YouTube Data API, with their units and what its refusals mean.

| status | reason | ours |
|---|---|---|
| 400 | API key not valid | NotAuthorised |
| 400 | processingFailure, commentTextTooLong, … | Rejected |
| 401 | | NotAuthorised |
| 403 | quotaExceeded, dailyLimitExceeded | RateLimited until midnight in California |
| 403 | rateLimitExceeded | RateLimited |
| 403 | commentsDisabled | Rejected |
| 403 | forbidden, ineligibleAccount, others | NotAuthorised when reading, Rejected when answering |
| 404 | | Gone |
| 5xx, timeout | | Unavailable: an answer may be there all the same |

Source: YouTube Data API v3, reasons of refusals from memory.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from healthberry.connectors import google_refusals, youtube_quota
from healthberry.connectors.base import Access
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, UnexpectedAnswer
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.text import line

REFUSALS: Final[Refusals] = {
    400: (Rejected, "YouTube does not accept this."),
    401: (NotAuthorised, "YouTube refused our token. Sign in with Google again."),
    403: (NotAuthorised, "YouTube does not allow this."),
    404: (Gone, "This is no longer on YouTube."),
}
NO_KEY: Final = "This installation has no key for YouTube (YOUTUBE_API_KEY, or GOOGLE_CLIENT_ID to sign in with)."
_DAY_IS_OVER: Final = ("quotaexceeded", "dailylimitexceeded")
_MOST_PAGES: Final = 10  # of the replies to one comment


class Api:
    """All of them; each method raises Temporary or Permanent as the table says."""

    def __init__(
        self,
        endpoints: Endpoints,
        api_key: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        units: youtube_quota.Units | None = None,
    ) -> None:
        self._http = Http(endpoints.youtube_api, "YouTube", REFUSALS, transport=transport, read_seconds=read_seconds)
        self._api_key = api_key or ""
        self._units = units or youtube_quota.Units()

    def threads(self, access: Access, channel_id: str, token: str, size: int) -> Mapping[str, Any]:
        """Return one page of the threads below a channel's videos, the newest first."""
        params = [("part", "snippet,replies"), ("allThreadsRelatedToChannelId", channel_id), ("order", "time")]
        params += [("maxResults", str(size)), ("textFormat", "plainText")]
        return self._read("/commentThreads", access, [*params, *([("pageToken", token)] if token else [])])

    def threads_of(self, access: Access, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return those of these threads that are there, at most 50."""
        params = [("part", "snippet,replies"), ("id", ",".join(ids)), ("textFormat", "plainText")]
        return _elements(self._read("/commentThreads", access, [*params, ("maxResults", str(len(ids)))]))

    def comments_of(self, access: Access, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return those of these comments and replies that are there, at most 50."""
        params = [("part", "snippet"), ("id", ",".join(ids)), ("textFormat", "plainText")]
        return _elements(self._read("/comments", access, [*params, ("maxResults", str(len(ids)))]))

    def replies(self, access: Access, parent: str) -> list[Mapping[str, Any]]:
        """Return the replies to a comment, at most a thousand."""
        found: list[Mapping[str, Any]] = []
        token = ""  # nosec B105
        for _ in range(_MOST_PAGES):
            params = [("part", "snippet"), ("parentId", parent), ("maxResults", "100"), ("textFormat", "plainText")]
            body = self._read("/comments", access, [*params, *([("pageToken", token)] if token else [])])
            found += _elements(body)
            before, token = token, line(body.get("nextPageToken"), 2_000)
            if not token or token == before:
                break
        return found

    def answer(self, access: Access, parent: str, text: str) -> str:
        """Reply to a comment as the signed-in channel; return the reply's id, "" where YouTube does not say."""
        self._units.spend(youtube_quota.WRITE)
        body = {"snippet": {"parentId": parent, "textOriginal": text}}
        headers, params = self._headers(access, writing=True), [("part", "snippet")]
        answer = self._http.ask("POST", "/comments", headers=headers, params=params, json=body)
        return identifier(self._object(answer, writing=True).get("id"))

    def channels(self, access: Access, *which: tuple[str, str]) -> list[Mapping[str, Any]]:
        """Return channels: ("mine", "true"), ("id", …) or ("forHandle", …)."""
        return _elements(self._read("/channels", access, [("part", "snippet"), *which]))

    def _read(self, template: str, access: Access, params: Params) -> Mapping[str, Any]:
        self._units.spend(youtube_quota.READ)
        headers = self._headers(access)
        query = list(params) if headers else [*params, ("key", self._key(access))]
        return self._object(self._http.ask("GET", template, headers=headers, params=query))

    def _headers(self, access: Access, *, writing: bool = False) -> Mapping[str, str]:
        """Prefer the channel's own token; to read, an expired one gives way to the installation's key."""
        token, expires_at = access.secrets.get("access_token"), access.expires_at
        expired = expires_at is not None and expires_at <= datetime.now(UTC)
        if token and (writing or not expired or not self._api_key):
            return {"Authorization": f"Bearer {token}"}
        if writing:
            raise NotAuthorised("Sign in with Google to answer on YouTube from here.")
        return {}

    def _key(self, access: Access) -> str:
        key = access.secrets.get("api_key") or self._api_key
        if not key:
            raise NotAuthorised(NO_KEY)
        return key

    def _object(self, answer: Answer, *, writing: bool = False) -> Mapping[str, Any]:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer, writing)
        body = answer.json()
        if not isinstance(body, dict):
            raise UnexpectedAnswer("YouTube gave an answer that is no object.")
        return body

    def _refusal(self, answer: Answer, writing: bool) -> Exception:
        usual = self._http.refusal(answer)
        why = google_refusals.reasons(google_refusals.told(answer))
        if answer.status == 403 and any(word in why for word in _DAY_IS_OVER):
            return RateLimited(youtube_quota.USED_UP, youtube_quota.until_tomorrow(datetime.now(UTC)))
        if answer.status == 400 and ("api key not valid" in why or "keyinvalid" in why):
            return NotAuthorised("YouTube refused the key of this installation (YOUTUBE_API_KEY).")
        if answer.status == 403 and "commentsdisabled" in why:
            return Rejected("Comments on this video are switched off.")
        error = google_refusals.refusal(answer, usual, "YouTube")
        if answer.status == 403 and writing and isinstance(error, NotAuthorised) and "scope" not in why:
            return Rejected("YouTube does not let this channel answer here.")
        return error


def _elements(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(one) for one in sequence(body.get("items"))]
