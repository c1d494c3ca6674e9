"""Instagram: comments on a professional account's posts, and what mentions it elsewhere, through its Page at Facebook.

What codes mean: graph_errors.py. How lists are walked: graph_walks.py.

Source: Meta's Graph API v26.0 (July 2026), "Instagram comment moderation" and "Instagram mentions". Nothing is told
of a deleted comment (from memory): it is looked for. Mentions are told once and can't be listed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from healthberry.connectors import graph_hooks, instagram_replies
from healthberry.connectors import instagram_items as items
from healthberry.connectors.answers import as_signed_in
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
from healthberry.connectors.errors import Gone, Permanent, Rejected, Temporary, Unavailable
from healthberry.connectors.graph_channel import NOT_SIGNED_IN, GraphChannel, kept_secrets, token_of
from healthberry.connectors.graph_sign_in import OwnPage
from healthberry.connectors.instagram_about import CAPABILITIES
from healthberry.connectors.instagram_items import Us
from healthberry.connectors.instagram_lists import AccountLists
from healthberry.connectors.reading import Unreadable, identifier, mapping, own_id, sequence, withdrawn
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line

_SCOPES: Final = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_metadata",
    "instagram_basic",
    "instagram_manage_comments",
)
_ACCOUNT: Final = "instagram_business_account{id,username}"
_NO_PAGE: Final = (
    "Facebook names no Page that you work for. Sign in as somebody who manages the Page that your Instagram account is "
    "linked to, and leave it ticked when Facebook asks which Pages HealthBerry may see."
)


class Instagram(GraphChannel):
    """The connector of kind "instagram". Channel config: `ig_id`, `username`, `page_id`."""

    kind: ClassVar[str] = "instagram"
    place = "Instagram"
    hook_object = "instagram"
    capabilities = CAPABILITIES

    @staticmethod
    def _addresses(endpoints: Endpoints) -> tuple[str, str]:
        return endpoints.instagram_graph, endpoints.instagram_web

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return Facebook's page to sign in at. Raises: NotAuthorised when this installation has no app."""
        return self._sign_in.url(_SCOPES, state, redirect_uri)

    def link(self, access: Access) -> Linkables:
        """Return the professional accounts of the Pages of whoever signed in. Raises: NotAuthorised, Temporary."""
        found: list[Linkable] = []
        problems: list[str] = []
        pages = self._sign_in.pages(access, f"id,name,access_token,tasks,{_ACCOUNT}")
        for page in pages:
            try:
                account = self._account(page)
            except Permanent as error:
                problems.append(f"{page.name}: {error.reason}")
                continue
            if account is None:
                problems.append(f"{page.name}: no professional Instagram account is linked to this Page.")
            else:
                found.append(account)
        return Linkables(found, problems if pages else [_NO_PAGE])

    def read_delivery(self, access: Access, body: str) -> Page:
        """Look up the comment or mention that the delivery names. Raises: Temporary, Permanent."""
        _, piece, _ = graph_hooks.opened(body)
        value = mapping(piece.get("value"))
        comment_id = identifier(value.get("id" if piece.get("field") == "comments" else "comment_id"))
        media_id = identifier(value.get("media_id"))
        if piece.get("field") == "comments":
            return self._found(access, comment_id)
        if piece.get("field") != "mentions" or not (comment_id or media_id):
            return Page([], None, more=False)
        marked = f"{items.MENTION}{comment_id}" if comment_id else f"{items.CAPTION}{media_id}"
        return self._found(access, marked, media_id)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether the account may answer: everywhere but where it is only tagged in a picture."""
        return as_signed_in(access, target, NOT_SIGNED_IN)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Answer as the account, unless it is there already: nothing keeps the same words from showing twice.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        return instagram_replies.send(self._api, token_of(access), self._us(access), reply)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look below the comment for an answer of ours with our words, no older than the attempt.

        Raises: UnexpectedAnswer where nobody can know: below others' posts. Gone; Temporary, Permanent.
        """
        return instagram_replies.find(self._api, token_of(access), self._us(access), reply)

    def withdraw(self, access: Access, remote_id: str) -> None:
        """Delete a comment of the account; one that is gone is no error. Raises: Temporary, Permanent."""
        with suppress(Gone):
            self._api.delete(token_of(access), "/{id}", id=remote_id)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look at each comment and mention again; photo tags can't be asked for one by one.

        What is said to be gone is asked for twice, and only while the account itself can be read. Raises: RateLimited,
        NotAuthorised; Temporary, Permanent when all of them fail.
        """
        asked = [one for one in remote_ids if not one.startswith(items.TAG)]
        return one_by_one(asked, lambda remote_id: self._recheck(access, remote_id))

    def _found(self, access: Access, remote_id: str, media_id: str = "") -> Page:
        if not remote_id:
            return Page([], None, more=False)
        try:
            return Page(self._seen(access, remote_id, media_id), None, more=False)
        except Gone:
            return Page([withdrawn(remote_id)], None, more=False)

    def _account_id(self, access: Access) -> str:
        return identifier(access.config.get("ig_id"))

    def _seen(self, access: Access, remote_id: str, media_id: str = "") -> Sequence[InboundItem]:
        us = self._us(access)
        try:
            if remote_id.startswith(items.MENTION):
                found = self._mentioned(
                    access, "mentioned_comment", "comment_id", remote_id.removeprefix(items.MENTION)
                )
                return items.mention(found, us, media_id)
            if remote_id.startswith(items.CAPTION):
                found = self._mentioned(access, "mentioned_media", "media_id", remote_id.removeprefix(items.CAPTION))
                return items.caption(found, us)
            given = self._api.read(token_of(access), "/{id}", [("fields", items.REPLY_FIELDS)], id=remote_id)
            if not own_id(given):  # not what we asked for: it may be there all the same
                raise Unavailable("The answer was garbled.")
            return items.comment(given, us)
        except Unreadable as error:
            raise Rejected(str(error)) from error

    def _mentioned(self, access: Access, name: str, by: str, ident: str) -> Mapping[str, Any]:
        """Ask for what mentions us; it is a field of our own account. Whether its id comes along is not documented."""
        fields = "id,text,timestamp,username,media{id,permalink}" if by == "comment_id" else items.TAG_FIELDS
        params = [("fields", f"{name}.{by}({ident}){{{fields}}}")]
        body = self._api.read(token_of(access), "/{id}", params, id=self._account_id(access))
        found = mapping(body.get(name))
        if not found:
            raise Gone("This is no longer on Instagram, or nobody may see it.")
        return {"id": ident, **found}

    def _lists(self, access: Access) -> AccountLists:
        return AccountLists(self._api, token_of(access), self._us(access))

    def _us(self, access: Access) -> Us:
        username = line(access.config.get("username"), 50).removeprefix("@")
        return Us(self._account_id(access), username, self._web)

    def _account(self, page: OwnPage) -> Linkable | None:
        account = mapping(page.given.get("instagram_business_account"))
        ig_id = identifier(account.get("id"))
        if not ig_id:
            return None
        known = self._api.read(page.token, "/{id}", [("fields", "id,username")], id=ig_id)
        username = line(known.get("username"), 50) or line(account.get("username"), 50) or ig_id
        config = {"ig_id": ig_id, "username": username, "page_id": page.page_id}
        listing = Listing(self.kind, ig_id, f"@{username}", f"{self._web}/{username}", config)
        return Linkable(listing, kept_secrets(page.token, ig_id, f"@{username}"), None, f"@{username}")

    def _subscribe(self, access: Access) -> None:
        """Ask to be told of what is new, unless we are: the same app may follow the Page for more than this."""
        page_id = identifier(access.config.get("page_id"))
        with suppress(Temporary, Permanent):
            body = self._api.read(token_of(access), "/{id}/subscribed_apps", id=page_id)
            known = {identifier(mapping(one).get("id")) for one in sequence(body.get("data"))}
            if self._api.app_id not in known:
                form = {"subscribed_fields": "feed"}
                self._api.write(token_of(access), "/{id}/subscribed_apps", form=form, id=page_id)
