"""The query language of X's search, as far as an inbox needs it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from healthberry.sandbox.store import Row, Store

from . import store as x_store

Test = Callable[[Store, Row], bool]
TOKEN = re.compile(r'\s*(-?(?:[a-z_]+:)?"[^"]*"|-?\(|\)|[^\s()]+)')
NUMBERED = {"conversation_id": "conversation_id", "in_reply_to_tweet_id": "in_reply_to", "quotes_of_tweet_id": "quoted"}


class BadQuery(ValueError):
    """The query is not one that X understands."""


@dataclass(frozen=True)
class Query:
    """A parsed query: SQL that narrows the rows, and the full test for one row."""

    narrowing: str
    values: tuple[int, ...]
    test: Test

    def accepts(self, store: Store, post: Row) -> bool:
        """Say whether a post is found by the query."""
        return self.test(store, post)


def parse(text: str) -> Query:
    """Read a query; AND binds tighter than OR, `-` negates one operator.

    Raises: BadQuery.
    """
    tokens = TOKEN.findall(text)
    test, rest = _either(tokens)
    if rest:
        raise BadQuery(f"unexpected {rest[0]!r}")
    narrowing, values = "", []
    if "OR" not in tokens:
        for token in tokens:
            name, _, value = token.partition(":")
            if name in NUMBERED and value.isdigit():
                narrowing += f" AND {NUMBERED[name]} = ?"
                values.append(int(value))
    return Query(narrowing, tuple(values), test)


def _either(tokens: list[str]) -> tuple[Test, list[str]]:
    test, rest = _all(tokens)
    tests = [test]
    while rest and rest[0] == "OR":
        test, rest = _all(rest[1:])
        tests.append(test)
    return (lambda store, post: any(each(store, post) for each in tests)), rest


def _all(tokens: list[str]) -> tuple[Test, list[str]]:
    tests: list[Test] = []
    rest = tokens
    while rest and rest[0] not in ("OR", ")"):
        test, rest = _one(rest)
        tests.append(test)
    if not tests:
        raise BadQuery("an operator is missing")
    return (lambda store, post: all(each(store, post) for each in tests)), rest


def _one(tokens: list[str]) -> tuple[Test, list[str]]:
    token, rest = tokens[0], tokens[1:]
    if token == "-(":  # noqa: S105
        raise BadQuery("groups cannot be negated")
    if token == "(":  # noqa: S105
        test, rest = _either(rest)
        if not rest:
            raise BadQuery("a bracket is not closed")
        return test, rest[1:]
    negated, token = token.startswith("-"), token.removeprefix("-")
    test = _operator(token)
    return ((lambda store, post: not test(store, post)) if negated else test), rest


def _operator(token: str) -> Test:
    name, colon, value = token.partition(":")
    value = value.strip('"')
    if not colon or name.startswith(("http", '"')):
        return _word(token)
    if name in NUMBERED:
        return _numbered(NUMBERED[name], value)
    if name == "from":
        return _from(value)
    if name == "to":
        return lambda store, post: _parent_author(store, post) == _key(value)
    if name in ("is", "has", "lang", "url"):
        return _attribute(name, value)
    raise BadQuery(f"unknown operator {name!r}")


def _numbered(column: str, value: str) -> Test:
    if not value.isdigit():
        raise BadQuery(f"{value!r} is not an id")
    return lambda store, post: bool(post[column] == int(value))


def _from(value: str) -> Test:
    def test(store: Store, post: Row) -> bool:
        user = x_store.user_by_name(store, value)
        return bool(user and user["id"] == post["author_id"])

    return test


def _attribute(name: str, value: str) -> Test:
    known: dict[tuple[str, str], Test] = {
        ("is", "reply"): lambda store, post: post["in_reply_to"] is not None,
        ("is", "quote"): lambda store, post: post["quoted"] is not None,
        ("is", "retweet"): lambda store, post: False,
        ("is", "verified"): lambda store, post: False,
        ("has", "links"): lambda store, post: "http" in post["text"],
        ("has", "media"): lambda store, post: False,
        ("has", "images"): lambda store, post: False,
    }
    if name == "lang":
        return lambda store, post: value == "en"
    if name == "url":
        return lambda store, post: value.lower() in f"{post['text']} {_quoted_address(store, post)}".lower()
    if (name, value) not in known:
        raise BadQuery(f"{name}:{value} is not known")
    return known[(name, value)]


def _word(token: str) -> Test:
    wanted = token.strip('"').lower()
    if wanted.startswith("@"):
        return lambda store, post: wanted[1:] in {handle.lower() for handle in x_store.MENTION.findall(post["text"])}
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    return lambda store, post: bool(pattern.search(post["text"].lower()))


def _quoted_address(store: Store, post: Row) -> str:
    """Return the link to what a post quotes: X puts it among the post's links."""
    quoted = x_store.post_by_id(store, post["quoted"]) if post["quoted"] else None
    author = x_store.user_by_id(store, quoted["author_id"]) if quoted else None
    return f"https://x.com/{author['username']}/status/{post['quoted']}" if author else ""


def _key(handle: str) -> str:
    return handle.lstrip("@").lower()


def _parent_author(store: Store, post: Row) -> str | None:
    parent = x_store.post_by_id(store, post["in_reply_to"]) if post["in_reply_to"] else None
    author = x_store.user_by_id(store, parent["author_id"]) if parent else None
    return author["username_key"] if author else None
