"""Facebook: what people write on an organisation's Page, about it, and, where it wishes, to it in private.

What codes mean: graph_errors.py. What is one conversation: facebook_items.py. How lists are walked:
graph_walks.py.

Source: Meta's Graph API v26.0 (July 2026), its Webhooks and its Messenger Platform. Ratings are served up to v21.0
only.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from healthberry.connectors import facebook_items as items
from healthberry.connectors import facebook_pushes, facebook_replies, graph
from healthberry.connectors.base import (
    Access,
    InboundItem,
    Linkable,
    Linkables,
    Listing,
    Page,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import Gone, NotAuthorised, Permanent, Rejected, Temporary, Unavailable
from healthberry.connectors.facebook_about import CAPABILITIES
from healthberry.connectors.facebook_items import Us
from healthberry.connectors.facebook_lists import PUBLIC, PageLists
from healthberry.connectors.facebook_replies import Replies
from healthberry.connectors.graph_channel import NOT_SIGNED_IN, GraphChannel, kept_secrets, token_of
from healthberry.connectors.graph_errors import SwitchedOff
from healthberry.connectors.graph_sign_in import OwnPage
from healthberry.connectors.reading import Unreadable, identifier
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line

_SCOPES: Final = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_metadata",
)
_MESSAGES: Final = "pages_messaging"
_TASK: Final = "MODERATE"
_NO_PAGE: Final = (
    "Facebook names no Page that you work for. Sign in as somebody who manages your Page, and leave it ticked when "
    "Facebook asks which Pages HealthBerry may see."
)
_NO_RATINGS: Final = (
    "Facebook no longer lets other programs read recommendations of Pages. They stay on Facebook: look there for them."
)
_MESSAGE: Final = "m_"  # what the ids of private messages begin with


class Facebook(GraphChannel):
    """The connector of kind "facebook". Channel config: `page_id`, `name`, `messages` ("yes", "no"), `ratings`."""

    kind: ClassVar[str] = "facebook"
    place = "Facebook"
    hook_object = "page"
    capabilities = CAPABILITIES

    @staticmethod
    def _addresses(endpoints: Endpoints) -> tuple[str, str]:
        return endpoints.facebook_graph, endpoints.facebook_web

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Take whether private messages are wanted: only "yes" is a yes. Raises: NotLinked when there is no app."""
        super().prepare(given, redirect_uri)
        return Access({"messages": "yes" if given.get("messages") == "yes" else "no"})

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return Facebook's page to sign in at. Raises: NotAuthorised when this installation has no app."""
        scopes = (*_SCOPES, _MESSAGES) if _reads_messages(access) else _SCOPES
        return self._sign_in.url(scopes, state, redirect_uri)

    def link(self, access: Access) -> Linkables:
        """Return the Pages that whoever signed in may moderate, each tried with its own token.

        Raises: NotAuthorised, Temporary.
        """
        found: list[Linkable] = []
        problems: list[str] = []
        for page in self._sign_in.pages(access, "id,name,access_token,tasks"):
            # Where Facebook tells no tasks at all, the first reading shows what may be done.
            if page.tasks and _TASK not in page.tasks:
                problems.append(f"{page.name}: your role on this Page does not let you moderate comments.")
                continue
            try:
                self._api.read(page.token, "/{id}", [("fields", "id,name")], id=page.page_id)
                ratings = self._serves_ratings(page)
            except Permanent as error:
                problems.append(f"{page.name}: {error.reason}")
                continue
            found.append(self._linkable(page, access, ratings))
        if not found and not problems:
            problems.append(_NO_PAGE)
        if found and not any(one.listing.config["ratings"] for one in found):
            problems.append(_NO_RATINGS)
        return Linkables(found, problems)

    def read_delivery(self, access: Access, body: str) -> Page:
        """Look up what the delivery names. Raises: Temporary, Permanent."""

        def look(remote_id: str, is_post: bool) -> Sequence[InboundItem]:
            return self._look(access, remote_id, is_post=is_post)

        return facebook_pushes.read(body, self._us(access), look, messages=_reads_messages(access))

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say how this can be answered: publicly, in private, and until when."""
        if access.secrets.get("access_token"):
            return facebook_replies.permission(target, private=_reads_messages(access))
        if target.may_not_reply or target.source.get("private"):
            return ReplyPermission("none", target.may_not_reply or NOT_SIGNED_IN, target.url)
        return ReplyPermission("assisted", NOT_SIGNED_IN, target.url)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Answer as the Page, the way that was chosen.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        return self._replies(access).send(reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look for an answer of the Page with our words, no older than the attempt.

        Raises: Gone; Temporary, Permanent.
        """
        return self._replies(access).find(reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete a comment of the Page; one that is gone is no error.

        Raises: Rejected for messages, which stay with whoever got them, and for posts; Temporary, Permanent.
        """
        if remote_id.startswith(_MESSAGE):
            raise Rejected("A private message can't be taken back from here.")
        if remote_id.startswith(f"{self._account_id(access)}_"):
            raise Rejected("This is a post, with everybody's comments below it. Edit or delete it on Facebook.")
        with suppress(Gone):
            self._api.delete(token_of(access), "/{id}", id=remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look at each post and comment again; private messages and recommendations can't be asked for one by one.

        What is said to be gone is asked for twice, and only while the Page itself can be read. Raises: RateLimited,
        NotAuthorised; Temporary, Permanent when all of them fail.
        """
        asked = [one for one in remote_ids if not one.startswith((_MESSAGE, items.RATING))]
        return one_by_one(asked, lambda remote_id: self._recheck(access, remote_id))

    def _seen(self, access: Access, remote_id: str) -> Sequence[InboundItem]:
        """Look at what may be a post or a comment: each has fields that the other does not know."""
        is_post = remote_id.startswith(f"{self._account_id(access)}_")
        try:
            return self._look(access, remote_id, is_post=is_post)
        except Rejected:
            return self._look(access, remote_id, is_post=not is_post)

    def _look(self, access: Access, remote_id: str, *, is_post: bool) -> Sequence[InboundItem]:
        fields = items.POST_FIELDS if is_post else items.COMMENT_FIELDS
        element = self._api.read(token_of(access), "/{id}", [("fields", fields)], id=remote_id)
        if not element:  # not what we asked for: it may be there all the same
            raise Unavailable("The answer was garbled.")
        try:
            found = (items.post if is_post else items.comment)({**element, "id": remote_id}, self._us(access))
        except Unreadable as error:
            raise Rejected(str(error)) from error
        return found

    def _account_id(self, access: Access) -> str:
        return identifier(access.config.get("page_id"))

    def _lists(self, access: Access) -> PageLists:
        edges = [*PUBLIC]
        edges += ["ratings"] if access.config.get("ratings") is True else []
        edges += ["conversations"] if _reads_messages(access) else []
        return PageLists(self._api, token_of(access), self._us(access), edges)

    def _replies(self, access: Access) -> Replies:
        return Replies(self._api, token_of(access), self._us(access))

    def _us(self, access: Access) -> Us:
        return Us(self._account_id(access), line(access.config.get("name"), 200), self._web)

    def _subscribe(self, access: Access) -> None:
        """Ask to be told of what is new on this Page; asking twice changes nothing, and polls go on without."""
        fields = "feed,mention" + (",ratings" if access.config.get("ratings") is True else "")
        fields += ",messages,message_echoes,message_edits" if _reads_messages(access) else ""
        with suppress(Temporary, Permanent):
            self._api.write(
                token_of(access),
                "/{id}/subscribed_apps",
                form={"subscribed_fields": fields},
                id=self._account_id(access),
            )

    def _serves_ratings(self, page: OwnPage) -> bool:
        params = [("fields", items.RATING_FIELDS), ("limit", "1")]
        try:
            self._api.hear(page.token, "/{id}/ratings", params, version=graph.LAST_WITH_RATINGS, id=page.page_id)
        except (SwitchedOff, NotAuthorised, Rejected, Gone):
            return False
        return True

    def _linkable(self, page: OwnPage, access: Access, ratings: bool) -> Linkable:
        config: dict[str, Any] = {
            "page_id": page.page_id,
            "name": page.name,
            "messages": "yes" if _reads_messages(access) else "no",
            "ratings": ratings,
        }
        listing = Listing(self.kind, page.page_id, page.name, f"{self._web}/{page.page_id}", config)
        return Linkable(listing, kept_secrets(page.token, page.page_id, page.name), None, page.name)


def _reads_messages(access: Access) -> bool:
    return access.config.get("messages") == "yes"
