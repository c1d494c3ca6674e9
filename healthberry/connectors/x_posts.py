"""Posts of X become items.

Source: X API v2 documents as of 2026. Both spellings are read (tweet names in pages and samples, post names in the
newest specification). Each edit of a post has an id of its own: the first of the chain is the item's id, the newest is
what an answer goes to. That texts come with `&amp; &lt; &gt;` escaped and with t.co links is long-standing use, not
documented.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.reading import (
    Unreadable,
    address,
    first,
    identifier,
    mapping,
    moment,
    sequence,
    small,
)
from healthberry.connectors.text import clean, line

NOT_MENTIONED: Final = (
    "X only lets us answer posts that mention this account or quote one of its posts. You can still answer on X itself."
)
CONTEXT: Final = "context"  # in `source`: our own post that others answered, itself an answer to nobody
LIMITED: Final = "The author has limited who can answer this post. You may be able to answer on X itself."
_ID = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True)
class Us:
    """Our account on X: its id and handle."""

    user_id: str
    username: str


@dataclass(frozen=True)
class Included:
    """What came beside the posts: users and referenced posts by id, media by key."""

    users: Mapping[str, Mapping[str, Any]]
    posts: Mapping[str, Mapping[str, Any]]
    media: Mapping[str, Mapping[str, Any]]


def included(body: Mapping[str, Any]) -> Included:
    """Index the `includes` of an answer."""
    includes = mapping(body.get("includes"))
    posts = [*sequence(includes.get("tweets")), *sequence(includes.get("posts"))]
    return Included(
        _by(sequence(includes.get("users")), "id"), _by(posts, "id"), _by(sequence(includes.get("media")), "media_key")
    )


def post_id(post: Any) -> str:
    """Return the id of the first version of a post, "" where it has none."""
    chain = _chain(mapping(post))
    return chain[0] if chain else ""


def newest_id(post: Any) -> str:
    """Return the id of this version."""
    return _snowflake(mapping(post).get("id"))


def answered(post: Any) -> str:
    """Return the id of the post that this one answers, "" where it answers none."""
    return _referenced(mapping(post), "replied_to")


def is_ours(post: Any, us: Us) -> bool:
    """Say whether this account wrote it."""
    author_id = _snowflake(mapping(post).get("author_id"))
    return bool(author_id) and author_id == us.user_id


def with_context(post: Any, beside: Included, us: Us, web: str) -> list[InboundItem]:
    """Return a post as an item, after the post that it answers where that came along. Raises: Unreadable.

    What we wrote ourselves is no answer where it answers nobody: it is marked as context.
    """
    found = item(post, beside, us, web)
    parent = beside.posts.get(answered(post), {})
    if found.direction == "outbound" or not _whole(parent):
        return [found]
    try:
        return [_context(parent, beside, us, web, found.thread_id), found]
    except Unreadable:
        return [found]


def alone(post: Any, beside: Included, us: Us, web: str) -> list[InboundItem]:
    """Return a post as the only item of a list. Raises: Unreadable."""
    return [item(post, beside, us, web)]


def item(post: Any, beside: Included, us: Us, web: str) -> InboundItem:
    """Return a post as an item; `web` is the base of its public address. Raises: Unreadable.

    Its id is that of its first version; those of later versions are other names of the same item.
    """
    given = mapping(post)
    chain = _chain(given)
    if not chain:
        raise Unreadable("It is not a post with an id.")
    posted_at = moment(given.get("created_at"))
    if posted_at is None:
        raise Unreadable("It does not say when it was posted.")
    author_id = _snowflake(given.get("author_id"))
    author = _author(author_id, beside, web)
    ours = is_ours(given, us)
    return InboundItem(
        remote_id=chain[0],
        aliases=tuple(chain[1:]),
        thread_id=_thread(given, chain, beside),
        in_reply_to=answered(given) or None,
        direction="outbound" if ours else "inbound",
        author=author,
        text=_words(given),
        posted_at=posted_at,
        url=f"{web}/{author.screen_name.removeprefix('@') or 'i'}/status/{chain[-1]}",
        attachments=_attachments(given, beside),
        may_not_reply=None if ours else _may_not_reply(given, beside, us),
        change="edited" if len(chain) > 1 else "created",
        source=small(
            latest_id=chain[-1],
            name=beside.users.get(author_id, {}).get("name"),
            lang=given.get("lang"),
            quoted=_referenced(given, "quoted"),
        ),
    )


def _context(parent: Mapping[str, Any], beside: Included, us: Us, web: str, thread_id: str) -> InboundItem:
    found = item(parent, beside, us, web)
    if found.direction == "outbound":
        mark = {} if found.in_reply_to else {CONTEXT: True}
        return replace(found, thread_id=thread_id, source={**found.source, **mark})
    # What it quotes did not come along, so whether that is ours is not known: X decides when somebody answers.
    unsure = found.may_not_reply == NOT_MENTIONED and bool(found.source.get("quoted"))
    return replace(found, thread_id=thread_id, may_not_reply=None if unsure else found.may_not_reply)


def _whole(post: Mapping[str, Any]) -> bool:
    return bool(_snowflake(post.get("author_id")) and moment(post.get("created_at")))


def _thread(post: Mapping[str, Any], chain: Sequence[str], beside: Included) -> str:
    """Return the id of the conversation, by its root's first version: which version X names is not documented."""
    named = _snowflake(post.get("conversation_id")) or chain[0]
    parent = _chain(beside.posts.get(answered(post), {}))
    return next((versions[0] for versions in (chain, parent) if named in versions), named)


def said_words(post: Any) -> str:
    """Return the words of a post as served, links not expanded; the long form where there is one."""
    given = mapping(post)
    return clean(first(_long(given), "text") or given.get("text"))


def _words(post: Mapping[str, Any]) -> str:
    note = _long(post)
    text = unescaped(clean(first(note, "text") or post.get("text")))
    entities = mapping(note.get("entities")) or mapping(post.get("entities"))
    for url in map(mapping, sequence(entities.get("urls"))):
        short, full = line(url.get("url"), 500), address(first(url, "unwound_url", "expanded_url"))
        if short and "media_key" in url:
            # The link to the post's own picture, which comes as an attachment.
            text = text.replace(short, "").rstrip()
        elif short and full:
            text = text.replace(short, full)
    return clean(text)


def _may_not_reply(post: Mapping[str, Any], beside: Included, us: Us) -> str | None:
    """Source: X changelog 2026-02-23: self-serve answers only where the author mentions or quotes us.

    The refusal that others have seen says "mentioned or otherwise engaged": whether an answer to us counts that names
    nobody is not told. It may be tried; where X refuses, its writer reads the same sentence.
    """
    quoted = beside.posts.get(_referenced(post, "quoted"), {})
    answers_us = bool(us.user_id) and us.user_id in (
        _snowflake(post.get("in_reply_to_user_id")),
        _snowflake(beside.posts.get(answered(post), {}).get("author_id")),
    )
    if not answers_us and not _mentions(post, us) and not is_ours(quoted, us):
        return NOT_MENTIONED
    # "mentionedUsers" lets us answer, as we are mentioned; whom "following" and the others let is not told.
    return LIMITED if line(post.get("reply_settings")) in ("following", "subscribers", "verified") else None


def _mentions(post: Mapping[str, Any], us: Us) -> bool:
    handle = us.username.casefold()
    both = [mapping(post.get("entities")), mapping(_long(post).get("entities"))]
    for mention in (mapping(one) for entities in both for one in sequence(entities.get("mentions"))):
        if _snowflake(mention.get("id")) == us.user_id or line(mention.get("username")).casefold() == handle:
            return True
    # Entities may be left out; then the words decide.
    return bool(handle) and bool(re.search(rf"(?i)(?<!\w)@{re.escape(handle)}\b", said_words(post)))


def _author(author_id: str, beside: Included, web: str) -> Author:
    username = line(beside.users.get(author_id, {}).get("username"), 50)
    if not username:
        return Author(author_id or None, "", None)
    return Author(author_id or None, f"@{username}", f"{web}/{username}")


def _attachments(post: Mapping[str, Any], beside: Included) -> tuple[Mapping[str, str], ...]:
    found = []
    for key in sequence(mapping(post.get("attachments")).get("media_keys")):
        media = beside.media.get(identifier(key), {})
        url = address(first(media, "url", "preview_image_url"))
        if media:
            known = {
                "type": line(media.get("type"), 50),
                "url": url or "",
                "description": line(media.get("alt_text"), 500),
            }
            found.append({name: value for name, value in known.items() if value})
    return tuple(found)


def _chain(post: Mapping[str, Any]) -> list[str]:
    """Return the ids of all versions, oldest first, this one included."""
    own = newest_id(post)
    versions = sequence(first(post, "edit_history_tweet_ids", "edit_history_post_ids"))
    chain = [one for one in map(_snowflake, versions) if one]
    return chain if not own or own in chain else [*chain, own]


def _referenced(post: Mapping[str, Any], kind: str) -> str:
    both = [*sequence(post.get("referenced_tweets")), *sequence(post.get("referenced_posts"))]
    return next((_snowflake(one.get("id")) for one in map(mapping, both) if one.get("type") == kind), "")


def _long(post: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(first(post, "note_tweet", "note_post"))


def _snowflake(value: Any) -> str:
    text = identifier(value)
    return text if _ID.fullmatch(text) else ""


def unescaped(text: str) -> str:
    """Undo the escapes with which X serves words, once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _by(elements: Sequence[Any], key: str) -> dict[str, Mapping[str, Any]]:
    return {identifier(one.get(key)): one for one in map(mapping, elements) if identifier(one.get(key))}
