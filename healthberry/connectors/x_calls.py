"""How X is asked: addresses, tokens, which fields, and what a list answers.

Source: X API v2 documents as of 2026. Fields and expansions are asked for by their names with "tweet", which every page
of the documents uses; the newest specification says "post" for some of them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from healthberry.connectors import x_refusals
from healthberry.connectors.base import Access
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, UnexpectedAnswer
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import identifier, mapping
from healthberry.connectors.text import line
from healthberry.connectors.x_posts import Us
from healthberry.connectors.x_walks import LIMIT

NO_TOKEN: Final = "This installation has no X token (X_BEARER_TOKEN)."  # noqa: S105 (a sentence)
NOT_SIGNED_IN: Final = (
    "Sign in with X in the channel's settings to publish from here. Until then copy the text and answer on X."
)
POST_FIELDS: Final = (
    "created_at,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,entities,lang,note_tweet,"
    "reply_settings,edit_history_tweet_ids,attachments"
)
FIELDS: Final[Params] = (
    ("tweet.fields", POST_FIELDS),
    ("expansions", "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys"),
    ("user.fields", "username,name"),
    ("media.fields", "url,preview_image_url,type,alt_text"),
)
BARE: Final[Params] = (("tweet.fields", "id,edit_history_tweet_ids"),)
_LISTS: Final = {"mentions": "/2/users/{id}/mentions", "tweets": "/2/users/{id}/tweets"}


class Calls:
    """Calls to X's API; `web` is where people read posts."""

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self.http = Http(endpoints.x_api, "X", x_refusals.REFUSALS, transport=transport, read_seconds=read_seconds)
        self.web = endpoints.x_web
        self._credentials = credentials

    def us(self, access: Access) -> Us:
        """Return the channel's account; one that is known by its handle alone is looked up. Raises: as `user`."""
        user_id, username = identifier(access.config.get("user_id")), line(access.config.get("username"), 50)
        return Us(user_id, username) if user_id else self.user(access, username.removeprefix("@"))

    def user(self, access: Access, username: str) -> Us:
        """Look an account up by its handle. Raises: Gone, Temporary, Permanent."""
        params = [("user.fields", "username,name")]
        template, headers = "/2/users/by/username/{username}", self.headers(access)
        return user_of(self.http.get(template, headers=headers, params=params, username=username))

    def timeline(
        self, access: Access, user_id: str, which: str, token: str, params: Params, size: int = LIMIT
    ) -> Mapping[str, Any]:
        """Return one page of an account's `mentions` or own `tweets`. Raises: Temporary, Permanent."""
        query = [("max_results", str(size)), *params, *([("pagination_token", token)] if token else [])]
        return body_of(self.http.get(_LISTS[which], headers=self.headers(access), params=query, id=user_id))

    def search(self, access: Access, query: str, token: str, params: Params, size: int = LIMIT) -> Mapping[str, Any]:
        """Return one page of what a search of the last week finds. Raises: Temporary, Permanent."""
        asked = [("query", query), ("max_results", str(size)), *params, *([("next_token", token)] if token else [])]
        return body_of(self.http.get("/2/tweets/search/recent", headers=self.headers(access), params=asked))

    def posts(self, access: Access, ids: Sequence[str]) -> Mapping[str, Any]:
        """Look up to 100 posts up; those that are not shown stand in `errors`. Raises: Temporary, Permanent."""
        params = [("ids", ",".join(ids)), *FIELDS]
        return body_of(self.http.get("/2/tweets", headers=self.headers(access), params=params))

    def headers(self, access: Access) -> Mapping[str, str]:
        """Prefer the account's own token, whose limits are its own; an expired one gives way to the app's."""
        own, expires_at = access.secrets.get("access_token"), access.expires_at
        app = access.secrets.get("bearer_token") or self._credentials.x_bearer_token
        expired = expires_at is not None and expires_at <= datetime.now(UTC)
        token = app if app and (expired or not own) else own
        if not token:
            raise NotAuthorised(NO_TOKEN)
        return {"Authorization": f"Bearer {token}"}

    def own_headers(self, access: Access) -> Mapping[str, str]:
        """Return the account's own token, for publishing. Raises: NotAuthorised."""
        token = access.secrets.get("access_token")
        if not token:
            raise NotAuthorised(NOT_SIGNED_IN)
        return {"Authorization": f"Bearer {token}"}

    def app_headers(self) -> Mapping[str, str]:
        """Return the application's token, for streams. Raises: NotAuthorised."""
        if not self._credentials.x_bearer_token:
            raise NotAuthorised(NO_TOKEN)
        return {"Authorization": f"Bearer {self._credentials.x_bearer_token}"}


def body_of(answer: Answer) -> Mapping[str, Any]:
    """Return an answer's object. Raises: UnexpectedAnswer, Unavailable."""
    body = answer.json()
    if not isinstance(body, dict):
        raise UnexpectedAnswer("X gave an answer that is no object.")
    return body


def user_of(answer: Answer) -> Us:
    """Return the account that an answer is about. Raises: Gone where there is none."""
    user = mapping(body_of(answer).get("data"))
    user_id, username = identifier(user.get("id")), line(user.get("username"), 50)
    if not user_id or not username:
        # An account that does not exist comes as 404 or, as partial error, as 200 with `errors` alone.
        raise Gone("There is no such account on X.")
    return Us(user_id, username)
