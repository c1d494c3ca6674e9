"""X: mentions are read with the app's token or the account's own; answers are posted by the signed-in account.

What statuses and refusals mean: x_refusals.py.

Source: X API v2 documents as of 2026; at most the newest 800 mentions can be reached; ids are decimal snowflakes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import httpx
import twitter_text

from healthberry.connectors import x_posts as posts
from healthberry.connectors import x_refusals, x_sign_in, x_walks
from healthberry.connectors.base import (
    About,
    Access,
    Authorisation,
    Capabilities,
    Discovery,
    InboundItem,
    Linkable,
    Linkables,
    Listing,
    Page,
    ProviderFacts,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    Permanent,
    Rejected,
    Temporary,
    TooMuch,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Answer, Http, Params
from healthberry.connectors.reading import (
    as_history,
    garbled,
    identifier,
    mapping,
    newest_first,
    read_each,
    sequence,
    withdrawn,
)
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack
from healthberry.connectors.websites import Websites

_POST_FIELDS: Final = (
    "created_at,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,entities,lang,note_tweet,"
    "reply_settings,edit_history_tweet_ids,attachments"
)
_FIELDS: Final[Params] = (
    ("tweet.fields", _POST_FIELDS),
    ("expansions", "author_id,referenced_tweets.id,attachments.media_keys"),
    ("user.fields", "username,name"),
    ("media.fields", "url,preview_image_url,type,alt_text"),
)
_LIMIT: Final = x_walks.LIMIT
_FIND_PAGES: Final = 3
_LONGEST_COUNTED: Final = 10_000
_NO_TOKEN: Final = "This installation has no X token (X_BEARER_TOKEN)."  # noqa: S105 (a sentence)
_NOT_SIGNED_IN: Final = (
    "Sign in with X in the channel's settings to publish from here. Until then copy the text and answer on X."
)


class X(Defaults):
    """The connector of kind "x". Channel config: `user_id`, `username`."""

    kind: ClassVar[str] = "x"
    capabilities = Capabilities(
        label="Posts on X",
        place="X",
        short="X",
        item="post",
        reply="api",
        poll_seconds=60,
        connect="oauth",
        about=About(
            reads="Posts that mention your account, and the answers that it gave.",
            answers="You publish from here as your account, once somebody signed in with X as that account.",
            needs="Whoever knows the password of your account on X, usually your communications team.",
            costs="X charges the operator of this installation for each post that is read.",
            permissions="Read posts and your profile, publish posts, stay signed in (tweet.read, users.read, "
            "tweet.write, offline.access).",
            data="What is edited, hidden or deleted on X follows here within a day.",
        ),
        group="social",
        found=True,
        several=False,
        length_limit=280,
        counting="x_weighted",
        backfill_depth="the newest 800 mentions",
        # Source: X developer policy, "Content compliance": what X no longer shows goes within 24 hours.
        recheck_seconds=20 * 3600,
        recheck_batch=_LIMIT,
    )

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        websites: Websites,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._http = Http(endpoints.x_api, "X", x_refusals.REFUSALS, transport=transport, read_seconds=read_seconds)
        self._web = endpoints.x_web
        self._credentials = credentials
        self._websites = websites
        self._sign_in = x_sign_in.SignIn(
            self._http, endpoints.x_web, credentials.x_client_id, credentials.x_client_secret
        )

    def installed_access(self) -> Mapping[str, str]:
        """Return {"bearer_token": …}, or {}."""
        token = self._credentials.x_bearer_token
        return {"bearer_token": token} if token else {}

    def missing(self) -> str:
        """Say that the application's token is missing, where it is."""
        return "" if self._credentials.x_bearer_token else _NO_TOKEN

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return the account that the organisation's own website links to, if X knows it, with how much mentions it.

        Where X can't say for the moment whether it knows the account, nothing is listed and another look is wanted.
        """
        found = self._websites.find_x_handles(provider.name, provider.web_domain)
        problems, again = list(found.problems), found.again
        for handle in found.handles:
            listing = _listing(handle, found.found_at, self._web)
            if not self.installed_access():
                return Discovery([replace(listing, needs=_NO_TOKEN)], problems)
            try:
                user = self._user(Access({}, self.installed_access()), handle)
                known = _listing(user.username, found.found_at, self._web, user.user_id)
                return Discovery([replace(known, amount=self._first_look(user))], problems)
            except Gone:
                problems.append(f"{found.found_at} links to @{handle}, but X has no such account.")
            except NotAuthorised as error:
                return Discovery([replace(listing, needs=error.reason)], [*problems, error.reason])
            except (Temporary, Permanent) as error:
                problems.append(f"@{handle} could not be looked up: {error.reason}")
                return Discovery([], problems, again=isinstance(error, Temporary))
        return Discovery([], problems, again)

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return X's page to sign in at. Raises: NotAuthorised when this installation has no client id."""
        return self._sign_in.url(state, redirect_uri, verifier)

    def authorise(self, access: Access, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Exchange the code and ask who signed in. Raises: NotAuthorised, Temporary."""
        token = self._sign_in.exchange(answer, redirect_uri, verifier)
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        user = _user_of(self._http.get("/2/users/me", headers=headers, params=[("user.fields", "username,name")]))
        return x_sign_in.authorisation(token, user.user_id, user.username)

    def link(self, access: Access) -> Linkables:
        """Return the account that signed in; X is not asked again. Raises: NotLinked where nobody did."""
        user_id, handle = access.secrets.get("account_id", ""), access.secrets.get("account", "").removeprefix("@")
        if not user_id or not handle:
            raise NotLinked("Sign in with X to link your account.")
        listing = replace(_listing(handle, "", self._web, user_id), found_at="")
        return Linkables([Linkable(listing, account=handle)])

    def refresh(self, access: Access) -> Authorisation:
        """Exchange the refresh token; store the answer before anything else. Raises: NotAuthorised, Temporary."""
        token = self._sign_in.refresh(access.secrets.get("refresh_token", ""))
        return x_sign_in.authorisation(token, access.secrets.get("account_id", ""), access.secrets.get("account", ""))

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of mentions, after the last one pages of our own answers, newest first; no total is known.

        Raises: Temporary, Permanent.
        """
        us, state = self._us(access), unpack(x_walks.Backfill, cursor)
        params = [("start_time", x_walks.rfc3339(since))]
        try:
            page, meta = self._timeline(access, us, state, params)
        except TooMuch:
            if (smaller := x_walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        suspect = not state.again and garbled(page.items, page.bad)
        onward = replace(state, again=True) if suspect else x_walks.onward(state, meta)
        page = replace(page, bad=()) if suspect else page
        return replace(page, items=as_history(page.items), cursor=pack(onward), more=not onward.done)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is newer than the last complete catch-up: mentions, then our own answers.

        The checkpoint moves only after the last page, to the newest id of the first one. Raises: Temporary, Permanent.
        """
        us, state = self._us(access), x_walks.begun(unpack(x_walks.Poll, cursor))
        try:
            page, meta = self._timeline(access, us, state, x_walks.window(state))
        except TooMuch:
            if (smaller := x_walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        suspect = not state.again and garbled(page.items, page.bad)
        onward = replace(state, again=True) if suspect else x_walks.next_poll(state, meta)
        page = replace(page, bad=()) if suspect else page
        return replace(page, cursor=pack(onward), more=not onward.resting)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether the signed-in account may answer this post."""
        if target.may_not_reply:
            return ReplyPermission("none", target.may_not_reply, target.url)
        if not access.secrets.get("access_token"):
            return ReplyPermission("assisted", _NOT_SIGNED_IN, target.url)
        return ReplyPermission("api", "", target.url)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Post the answer; X adds the author's @handle by itself.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        body = {"text": reply.text, "reply": {"in_reply_to_tweet_id": _target(reply)}}
        answer = self._http.ask("POST", "/2/tweets", headers=self._own_headers(access), json=body)
        if not 200 <= answer.status < 300:
            return self._refused(access, reply, answer)
        remote_id = posts.newest_id(mapping(answer.json()).get("data"))
        if not remote_id:
            raise Unavailable("X took the post but did not say under which number.")
        return self._sent(access, remote_id)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look through our posts since the target for an answer to it with our words. Raises: Temporary, Permanent.

        Words count as equal without leading mentions, escapes and differing links. Where a person posted them on X,
        they may have changed them: then much the same words are enough.
        """
        own_id = access.secrets.get("account_id") or self._us(access).user_id
        params = [("since_id", reply.target.remote_id), ("exclude", "retweets"), ("tweet.fields", _POST_FIELDS)]
        signed_in, token = bool(access.secrets.get("access_token")), ""
        targets = {reply.target.remote_id, _target(reply)}
        for _ in range(_FIND_PAGES):
            body = self._read_timeline(access, own_id, "tweets", token, params)
            for post in sequence(body.get("data")):
                if posts.says(post, targets, reply.text, exactly=signed_in):
                    return self._sent(access, posts.post_id(post))
            if not (token := x_walks.meta_of(body).next_token):
                break
        return None

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look posts up, 100 at a time: as they are now; deleted or hidden ones as withdrawn.

        Raises: Temporary, Permanent.
        """
        us = self._us(access)
        found: list[InboundItem] = []
        for start in range(0, len(remote_ids), _LIMIT):
            asked = remote_ids[start : start + _LIMIT]
            params = [("ids", ",".join(asked)), *_FIELDS]
            body = _body(self._http.get("/2/tweets", headers=self._headers(access), params=params))
            page = self._page(body, us)
            found += page.items
            found += [withdrawn(remote_id) for remote_id in x_walks.gone(body) if remote_id in asked]
        return found

    def length(self, text: str) -> int:
        """Count as X does: most letters 1, other scripts and emoji 2, every link 23."""
        if len(text) > _LONGEST_COUNTED:
            # Far beyond any limit: the exact figure is not worth the time.
            return len(text)
        return int(twitter_text.parse_tweet(text).weightedLength)

    def _first_look(self, us: posts.Us) -> str:
        """Count one page of mentions, for people; "" where X does not answer: reading shows what there is anyway."""
        try:
            body = self._read_timeline(Access({}, self.installed_access()), us.user_id, "mentions", "", [])
        except (Temporary, Permanent):
            return ""
        counted = len(sequence(body.get("data")))
        if x_walks.meta_of(body).next_token:
            return f"more than {counted} posts"
        return {0: "no posts yet", 1: "1 post"}.get(counted, f"{counted} posts")

    def _timeline(
        self, access: Access, us: posts.Us, state: x_walks.Backfill | x_walks.Poll, params: Params
    ) -> tuple[Page, x_walks.Meta]:
        wanted = [*params, *([("exclude", "retweets")] if state.own else []), *_FIELDS]
        which = "tweets" if state.own else "mentions"
        body = self._read_timeline(access, us.user_id, which, state.token, wanted, state.size or _LIMIT)
        page = self._page(body, us, answers_only=state.own)
        return page, x_walks.meta_of(body)

    def _read_timeline(
        self, access: Access, user_id: str, which: str, token: str, params: Params, size: int = x_walks.LIMIT
    ) -> Mapping[str, Any]:
        query = [("max_results", str(size)), *params, *([("pagination_token", token)] if token else [])]
        template = "/2/users/{id}/mentions" if which == "mentions" else "/2/users/{id}/tweets"
        return _body(self._http.get(template, headers=self._headers(access), params=query, id=user_id))

    def _page(self, body: Mapping[str, Any], us: posts.Us, *, answers_only: bool = False) -> Page:
        beside = posts.included(body)
        elements = sequence(body.get("data"))
        if answers_only:
            elements = [one for one in elements if posts.answered(one)]
        found, bad = read_each(elements, lambda one: [posts.item(one, beside, us, self._web)], posts.post_id)
        return Page(newest_first(found), None, False, bad)

    def _us(self, access: Access) -> posts.Us:
        user_id, username = identifier(access.config.get("user_id")), line(access.config.get("username"), 50)
        return posts.Us(user_id, username) if user_id else self._user(access, username.removeprefix("@"))

    def _user(self, access: Access, username: str) -> posts.Us:
        params = [("user.fields", "username,name")]
        return _user_of(
            self._http.get(
                "/2/users/by/username/{username}", headers=self._headers(access), params=params, username=username
            )
        )

    def _headers(self, access: Access) -> Mapping[str, str]:
        """Prefer the account's own token, whose limits are its own; an expired one gives way to the app's."""
        own, expires_at = access.secrets.get("access_token"), access.expires_at
        app = access.secrets.get("bearer_token") or self._credentials.x_bearer_token
        expired = expires_at is not None and expires_at <= datetime.now(UTC)
        token = app if app and (expired or not own) else own
        if not token:
            raise NotAuthorised(_NO_TOKEN)
        return {"Authorization": f"Bearer {token}"}

    def _own_headers(self, access: Access) -> Mapping[str, str]:
        token = access.secrets.get("access_token")
        if not token:
            raise NotAuthorised(_NOT_SIGNED_IN)
        return {"Authorization": f"Bearer {token}"}

    def _refused(self, access: Access, reply: Reply, answer: Answer) -> SentReply:
        error = self._http.refusal(answer)
        if answer.status not in (400, 403):
            raise error
        detail = x_refusals.detail_of(answer)
        if "duplicate" in detail.casefold():
            # The refusal does not name the post that is there: it may be ours, from an attempt that seemed to fail.
            if found := self.find_reply(access, reply):
                return found
            raise Rejected("X has seen these very words from this account lately. Change the wording and try again.")
        raise x_refusals.forbidden(detail, error)

    def _sent(self, access: Access, remote_id: str) -> SentReply:
        username = access.secrets.get("account") or line(access.config.get("username"), 50) or "i"
        return SentReply(remote_id, f"{self._web}/{username.removeprefix('@')}/status/{remote_id}")


def _listing(handle: str, found_at: str, web: str, user_id: str = "") -> Listing:
    return Listing(
        kind=X.kind,
        remote_id=user_id or f"@{handle.casefold()}",
        label=f"@{handle}",
        url=f"{web}/{handle}",
        config={"username": handle} | ({"user_id": user_id} if user_id else {}),
        found_at=f"Linked from {found_at}",
    )


def _body(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise UnexpectedAnswer("X gave an answer that is no object.")
    return body


def _user_of(answer: Answer) -> posts.Us:
    body = _body(answer)
    user = mapping(body.get("data"))
    user_id, username = identifier(user.get("id")), line(user.get("username"), 50)
    if not user_id or not username:
        # An account that does not exist comes as 404 or, as partial error, as 200 with `errors` alone.
        raise Gone("There is no such account on X.")
    return posts.Us(user_id, username)


def _target(reply: Reply) -> str:
    return identifier(reply.target.source.get("latest_id")) or reply.target.remote_id
