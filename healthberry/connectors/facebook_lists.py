"""Reading a Page's lists, one page of one list at a time: what came, and where to go on."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from healthberry.connectors import facebook_items as items
from healthberry.connectors import graph
from healthberry.connectors import graph_walks as walks
from healthberry.connectors.base import BadItem, InboundItem
from healthberry.connectors.errors import Gone
from healthberry.connectors.facebook_items import Us
from healthberry.connectors.graph_errors import SwitchedOff
from healthberry.connectors.graph_lists import Lists, Reach, Step, reaches, read_whole, whole
from healthberry.connectors.graph_walks import Walk
from healthberry.connectors.reading import identifier, mapping, own_id, read_each, sequence

_NESTED: Final = f"comments.filter(stream).order(reverse_chronological).limit({walks.COMMENTS})"
_POSTS: Final = f"{items.POST_FIELDS},{_NESTED}{{{items.COMMENT_FIELDS}}}"
_THREADS: Final = f"id,updated_time,participants,can_reply,messages.limit({walks.MESSAGES}){{{items.MESSAGE_FIELDS}}}"
PUBLIC: Final = ("published_posts", "visitor_posts", "tagged")
_FIELDS: Final = {"ratings": items.RATING_FIELDS, "conversations": _THREADS}
_SIZES: Final = {"conversations": walks.THREADS}


class PageLists(Lists):
    """The lists of one Page, as its own token opens them."""

    def __init__(self, api: graph.Graph, token: str, us: Us, edges: Sequence[str]) -> None:
        super().__init__(api, token, edges)
        self._us = us

    def _usual(self, at: Walk) -> int:
        return walks.MORE_COMMENTS if at.unread else _SIZES.get(self._edges[at.edge], walks.POSTS)

    def _list(self, at: Walk, reach: Reach) -> Step:
        edge = self._edges[at.edge]
        params = [("fields", _FIELDS.get(edge, _POSTS)), ("limit", str(at.size or self._usual(at)))]
        params += [("platform", "MESSENGER")] if edge == "conversations" else []
        version = graph.LAST_WITH_RATINGS if edge == "ratings" else graph.VERSION
        try:
            heard = self._hear(f"/{{id}}/{edge}", params, at.after, self._us.page_id, version)
        except SwitchedOff:
            if edge != "ratings":
                raise
            return Step([], [], walks.onward(at, "", ()))
        elements = sequence(heard.body.get("data"))
        found, bad, unread = self._read(edge, elements, reach)
        far = reach.words if edge == "conversations" else reach.posts
        cursor = graph.after(heard.body) if reaches(elements, far) else ""
        return Step(found, bad, walks.rested(walks.onward(at, cursor, unread), heard.rest_seconds))

    def _comments(self, at: Walk, reach: Reach) -> Step:
        thread, _, cursor = at.unread[0].partition("|")
        ours, _, post_id = thread.partition(":")
        params = [
            ("fields", items.COMMENT_FIELDS),
            ("filter", "stream"),
            ("order", "reverse_chronological"),
            ("limit", str(at.size or walks.MORE_COMMENTS)),
        ]
        try:
            heard = self._hear("/{id}/comments", params, cursor, post_id)
        except Gone:  # the post was deleted while we walked
            return Step([], [], walks.after_comments(at, ""))
        elements = sequence(heard.body.get("data"))
        post = {"id": post_id, "from": {"id": self._us.page_id} if ours == "ours" else {}}
        found, bad = self._read_comments(elements, post)
        onward = graph.after(heard.body) if reaches(elements, reach.words) else ""
        return Step(found, bad, walks.rested(walks.after_comments(at, onward), heard.rest_seconds))

    def _read(
        self, edge: str, elements: Sequence[Any], reach: Reach
    ) -> tuple[list[InboundItem], list[BadItem], list[str]]:
        if edge == "ratings":
            return *read_each(elements, lambda one: items.rating(one, self._us), lambda one: ""), []
        if edge == "conversations":
            return *self._read_threads(elements), []
        found, bad = read_whole(elements, lambda one: self._post(edge, one))
        unread = []
        for post in map(mapping, elements):
            comments = mapping(post.get("comments"))
            known = {"id": own_id(post), "from": self._from(edge, post)}
            more, worse = self._read_comments(sequence(comments.get("data")), known)
            found += [one for one in more if edge != "tagged" or one.direction == "outbound"]
            bad += worse
            cursor = graph.after(comments) if reaches(sequence(comments.get("data")), reach.words) else ""
            if known["id"] and cursor and edge != "tagged":
                unread.append(f"{'ours' if edge == 'published_posts' else 'theirs'}:{known['id']}|{cursor}")
        return found, bad, unread

    def _post(self, edge: str, element: Any) -> Sequence[InboundItem]:
        # Whatever stands in the list of what the Page published is the Page's, whether its author is told or not.
        return [] if edge == "published_posts" and mapping(element) else items.post(element, self._us)

    def _from(self, edge: str, post: Mapping[str, Any]) -> Any:
        return {"id": self._us.page_id} if edge == "published_posts" else mapping(post.get("from"))

    def _read_comments(
        self, elements: Sequence[Any], post: Mapping[str, Any]
    ) -> tuple[list[InboundItem], list[BadItem]]:
        def read(element: Any) -> Sequence[InboundItem]:
            given = mapping(element)
            return items.comment({**given, "object": post} if post["id"] and given else element, self._us)

        return read_whole(elements, read)

    def _read_threads(self, elements: Sequence[Any]) -> tuple[list[InboundItem], list[BadItem]]:
        found: list[InboundItem] = []
        bad: list[BadItem] = []
        for thread in whole(elements):
            messages = sequence(mapping(mapping(thread).get("messages")).get("data"))
            known = mapping(thread)
            if not identifier(known.get("id")):
                messages = [thread]  # kept aside as what it is
            more, worse = self._read_messages(messages, known)
            found, bad = found + more, bad + worse
        return found, bad

    def _read_messages(
        self, messages: Sequence[Any], thread: Mapping[str, Any]
    ) -> tuple[list[InboundItem], list[BadItem]]:
        return read_whole(messages, lambda one: items.message(one, thread, self._us))
