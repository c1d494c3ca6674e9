"""Google+, which closed in 2019: comments under an organisation's posts come out of its archive, as history.

The API that there was is read only where the sandbox imitates it; for real it has been gone since March 2019.

| status | ours |
|---|---|
| 400, 403 | NotAuthorised |
| 404 | Gone |
| 429, 5xx, timeout | RateLimited, Unavailable |

Source: discovery document of the Google+ API v1, revision 20190616; that lists ended with an empty page that still
carried a token is from memory, so an empty page is the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import httpx

from healthberry.connectors import google_plus_items as items
from healthberry.connectors.base import (
    About,
    Access,
    BadItem,
    Capabilities,
    Field,
    Importer,
    InboundItem,
    Linkables,
    Page,
    ReplyPermission,
    ReplyTarget,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked
from healthberry.connectors.google_plus_archive import Archive
from healthberry.connectors.here import one_of_a_kind
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Refusals
from healthberry.connectors.reading import as_history, identifier, mapping, newest_first, read_each, sequence
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack

REFUSALS: Final[Refusals] = {
    400: (NotAuthorised, "Google+ does not accept this."),
    403: (NotAuthorised, "Google+ does not allow this."),
    404: (Gone, "This is no longer on Google+."),
}
_PER_PAGE: Final = 20  # each post of a page costs one more call, for its comments
_MOST_COMMENTS: Final = 500


@dataclass(frozen=True)
class _Walk:
    """Where a walk through the posts is: the token of the next page."""

    token: str = ""


class GooglePlus(Defaults):
    """The connector of kind "google_plus". Channel config: `page` (an id; only where the API is imitated)."""

    kind: ClassVar[str] = "google_plus"

    def __init__(
        self, endpoints: Endpoints, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        address = endpoints.google_plus
        self._http = address and Http(address, "Google+", REFUSALS, transport=transport, read_seconds=read_seconds)

    @property
    def capabilities(self) -> Capabilities:
        """Return that archives are uploaded, and nothing is answered."""
        page = Field(
            "page",
            "Google+ page",
            "Its id in the simulated Google+. Leave it blank to upload an archive.",
            required=False,
        )
        return Capabilities(
            label="Google+ archive",
            place="Google+",
            short="G+",
            item="comment",
            reply="none",
            poll_seconds=None,
            connect="fields" if self._http else "here",
            about=About(
                reads="What people wrote under your posts until Google+ closed in 2019, out of the archive that Google "
                "Takeout gave you.",
                answers="Nobody can be answered: Google+ closed in 2019.",
                needs="An administrator uploads the archive, a ZIP file of at most 10 MB, best in JSON.",
                data="You choose whether people's names are kept. The archive itself is deleted once it is imported, "
                "at the latest after a day.",
            ),
            group="other",
            fields=(page,) if self._http else (),
            several=False,
            backfills=bool(self._http),
            backfill_depth="all public posts" if self._http else "",
            imports=(".zip",),
            rechecks=False,
        )

    def link(self, access: Access) -> Linkables:
        """Return the one channel of this kind, once the page that was named is there. Raises: NotLinked, Temporary."""
        page = identifier(access.config.get("page"))
        if not page or not self._http:
            return one_of_a_kind(self.kind, self.capabilities.label)
        try:
            found = self._get("/people/{page}", page=page)
        except (Gone, NotAuthorised) as error:
            raise NotLinked("Google+ has no page of this id.", "page") from error
        config = {"page": identifier(found.get("id")) or page}
        return one_of_a_kind(self.kind, line(found.get("displayName"), 100) or self.capabilities.label, config)

    def importer(self) -> Importer:
        """Return what reads Takeout archives."""
        return Archive()

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of posts with their comments; all of them, for all are old. Raises: Temporary, Permanent."""
        page = identifier(access.config.get("page"))
        if not page or not self._http:
            return Page([], cursor, more=False)
        walk = unpack(_Walk, cursor)
        params = [("maxResults", str(_PER_PAGE)), *([("pageToken", walk.token)] if walk.token else [])]
        body = self._get("/people/{page}/activities/public", params, page=page)
        activities = sequence(body.get("items"))
        found: list[InboundItem] = []
        bad: list[BadItem] = []
        for activity in activities:
            read, unread = self._comments(mapping(activity), page)
            found += read
            bad += unread
        token = line(body.get("nextPageToken"), 2_000)
        more = bool(activities) and bool(token) and token != walk.token
        return Page(newest_first(as_history(found)), pack(_Walk(token)), more=more, bad=bad)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that nobody can be answered, and why."""
        return ReplyPermission("none", items.CLOSED)

    def _comments(self, activity: Mapping[str, Any], page: str) -> tuple[list[InboundItem], list[BadItem]]:
        """Read the comments of one post; where only the page itself wrote, there is no feedback."""
        activity_id = identifier(activity.get("id"))
        replies = mapping(mapping(activity.get("object")).get("replies"))
        if not activity_id or replies.get("totalItems") == 0:
            return [], []
        found: list[Any] = []
        token = ""  # nosec B105
        while len(found) < _MOST_COMMENTS * 10:
            params = [("maxResults", str(_MOST_COMMENTS)), *([("pageToken", token)] if token else [])]
            body = self._get("/activities/{activity}/comments", params, activity=activity_id)
            some, before = sequence(body.get("items")), token
            found += some
            token = line(body.get("nextPageToken"), 2_000)
            if not some or not token or token == before:
                break
        read, bad = read_each(
            found,
            lambda one: [items.from_api(activity, mapping(one), page)],
            lambda one: identifier(mapping(one).get("id")),
        )
        return (read if any(item.direction == "inbound" for item in read) else []), bad

    def _get(self, template: str, params: Any = (), **path: str) -> Mapping[str, Any]:
        assert self._http  # noqa: S101 - asked only where the API is imitated
        return mapping(self._http.get(template, headers={}, params=params, **path).json())
