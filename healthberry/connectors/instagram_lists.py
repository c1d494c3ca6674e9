"""Reading an account's lists: its posts with their comments, and the posts elsewhere that it was tagged in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from healthberry.connectors import graph
from healthberry.connectors import graph_walks as walks
from healthberry.connectors import instagram_items as items
from healthberry.connectors.base import BadItem, InboundItem
from healthberry.connectors.errors import Gone
from healthberry.connectors.graph_lists import Lists, Reach, Step, reaches, read_whole
from healthberry.connectors.graph_walks import Walk
from healthberry.connectors.instagram_items import Us
from healthberry.connectors.reading import Unreadable, mapping, own_id, sequence

EDGES: Final = ("media", "tags")
_MEDIA: Final = f"id,permalink,timestamp,comments.limit({walks.COMMENTS}){{{items.COMMENT_FIELDS}}}"
_REPLIES: Final = "replies:"  # what is left of one comment's answers; without it, of one post's comments


class AccountLists(Lists):
    """The lists of one professional account, as its Page's token opens them."""

    def __init__(self, api: graph.Graph, token: str, us: Us) -> None:
        super().__init__(api, token, EDGES)
        self._us = us

    def _usual(self, at: Walk) -> int:
        return walks.MORE_COMMENTS if at.unread else walks.POSTS

    def _list(self, at: Walk, reach: Reach) -> Step:
        edge = self._edges[at.edge]
        fields = _MEDIA if edge == "media" else items.TAG_FIELDS
        params = [("fields", fields), ("limit", str(at.size or self._usual(at)))]
        heard = self._hear(f"/{{id}}/{edge}", params, at.after, self._us.ig_id)
        elements = sequence(heard.body.get("data"))
        if edge == "media":
            found, bad, unread = self._read_media(elements, reach)
        else:
            found, bad = read_whole(elements, lambda one: items.caption(one, self._us))
            unread = []
        cursor = graph.after(heard.body) if reaches(elements, reach.posts) else ""
        return Step(found, bad, walks.rested(walks.onward(at, cursor, unread), heard.rest_seconds))

    def _comments(self, at: Walk, reach: Reach) -> Step:
        thread, _, cursor = at.unread[0].partition("|")
        comment_id = thread.removeprefix(_REPLIES) if thread.startswith(_REPLIES) else ""
        fields = items.REPLY_FIELDS if comment_id else items.COMMENT_FIELDS
        params = [("fields", fields), ("limit", str(at.size or self._usual(at)))]
        edge = "/{id}/replies" if comment_id else "/{id}/comments"
        try:
            heard = self._hear(edge, params, cursor, comment_id or thread)
        except Gone:  # it was deleted while we walked
            return Step([], [], walks.after_comments(at, ""))
        elements = sequence(heard.body.get("data"))
        found, bad, unread = self._read_comments(elements, reach, comment_id)
        onward = graph.after(heard.body) if reaches(elements, reach.words) else ""
        moved = walks.after_comments(at, onward)
        moved = Walk(moved.edge, moved.after, (*moved.unread, *unread), size=moved.size)
        return Step(found, bad, walks.rested(moved, heard.rest_seconds))

    def _read_media(self, elements: Sequence[Any], reach: Reach) -> tuple[list[InboundItem], list[BadItem], list[str]]:
        _, bad = read_whole(elements, _checked)
        found: list[InboundItem] = []
        unread: list[str] = []
        for media in map(mapping, elements):
            comments = mapping(media.get("comments"))
            these, worse, more = self._read_comments(sequence(comments.get("data")), reach, "", media)
            found, bad, unread = found + these, bad + worse, unread + more
            cursor = graph.after(comments) if reaches(sequence(comments.get("data")), reach.words) else ""
            if own_id(media) and cursor:
                unread.append(f"{own_id(media)}|{cursor}")
        return found, bad, unread

    def _read_comments(
        self, elements: Sequence[Any], reach: Reach, thread: str, media: Mapping[str, Any] | None = None
    ) -> tuple[list[InboundItem], list[BadItem], list[str]]:
        """Read comments and what hangs below each; `media` is their post, where they do not name it themselves."""
        beside = {"media": {"permalink": media.get("permalink")}} if media else {}

        def read(element: Any) -> Sequence[InboundItem]:
            given = mapping(element)
            return items.comment({**beside, **given} if given else element, self._us, thread)

        found, bad = read_whole(elements, read)
        unread: list[str] = []
        for comment in map(mapping, elements):
            replies, above = mapping(comment.get("replies")), own_id(comment)
            if not above or not replies:
                continue
            these, worse, _ = self._read_comments(sequence(replies.get("data")), reach, above, media)
            found, bad = found + these, bad + worse
            if cursor := graph.after(replies):
                unread.append(f"{_REPLIES}{above}|{cursor}")
        return found, bad, unread


def _checked(element: Any) -> Sequence[InboundItem]:
    """Return nothing: our own posts are no feedback, but what is no post is kept aside. Raises: Unreadable."""
    if not own_id(element):
        raise Unreadable("It is not a post with an id.")
    return []
