"""The HTML of statuses as plain text, our text as Mastodon counts it, and both in a form that can be compared.

Source: documentation of Mastodon, "Status" and "guidelines": `content` is sanitised HTML of p, br, span, a and, from
other servers, lists and quotations; long addresses are cut by invisible spans, but whole as text. Every address counts
as many characters as the server says (23), `@user@host` as `@user` (from memory), and letters as people see them.
"""

import re
from html import unescape
from typing import Final

import regex

from healthberry.connectors.reading import address
from healthberry.connectors.text import clean, normal

PER_URL: Final = 23
_LONGEST_HTML: Final = 200_000
_LONGEST_COUNTED: Final = 20_000
_BEGINNINGS: Final = {"br": "\n", "li": "* "}
_ENDINGS: Final = {"li": "\n"} | dict.fromkeys(("p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3"), "\n\n")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})((?:\s[^<>]{0,4000})?)/?>")
_UNSEEN = re.compile(r"(?is)<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\s*>|\Z)")
_HREF = re.compile(r"""(?i)\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}']", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w/@])(@\w+)@[\w.-]+\w")
_LEADING_MENTIONS = re.compile(r"^(?:\s*@\w[\w.-]*(?:@[\w.-]+)?(?=\s|$))+\s*")
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
_GRAPHEME = regex.compile(r"\X")


def plain(html: str) -> str:
    """Return the words of a status: paragraphs apart by an empty line, addresses in full.

    Takes time in proportion to the length, however it is written: it comes from whoever runs a server, and parsers of
    whole pages take minutes for some.
    """
    shown = _UNSEEN.sub("", clean(html, _LONGEST_HTML))
    words, at = _Words(), 0
    for tag in _TAG.finditer(shown):
        words.say(unescape(shown[at : tag.start()]))
        at = tag.end()
        words.tag(tag[2].lower(), tag[3], ends=bool(tag[1]))
    words.say(unescape(shown[at:]))
    return clean(words.all())


def length(text: str, per_url: int = PER_URL) -> int:
    """Count `text` as Mastodon does."""
    if len(text) > _LONGEST_COUNTED:
        return len(text)
    counted = _MENTION.sub(r"\1", _URL.sub("x" * per_url, text))
    return len(_GRAPHEME.findall(counted))


def comparable(text: str) -> str:
    """Return words for comparing: without leading mentions, every address as one sign, spaces alike."""
    return normal(_URL.sub("⟨link⟩", _LEADING_MENTIONS.sub("", normal(text))))


def addressed_to(acct: str, text: str) -> str:
    """Return `text` with `@acct` before it, unless it names them already: who is not named is not told."""
    named = re.search(rf"(?i)(?<![\w@])@{re.escape(acct)}(?![\w@])", text)
    return text if named or not acct else f"@{acct} {text}"


class _Words:
    """Collects text in order; a link is collected apart, and ends where the next one begins."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._linked: list[str] | None = None
        self._target: str | None = None

    def all(self) -> str:
        """Return what was said."""
        self._end_link()
        return "".join(self._said)

    def say(self, words: str) -> None:
        """Add words."""
        (self._said if self._linked is None else self._linked).append(words)

    def tag(self, name: str, attributes: str, *, ends: bool) -> None:
        """Add what a tag means for the words: a new line, or the address behind them."""
        if name == "a":
            self._end_link()
            if not ends:
                href = _HREF.search(attributes)
                self._linked, self._target = [], address(unescape(href[1].strip("\"'"))) if href else None
        elif words := (_ENDINGS if ends else _BEGINNINGS).get(name):
            self.say(words)

    def _end_link(self) -> None:
        if self._linked is not None:
            self._said.append(_link("".join(self._linked), self._target))
        self._linked = None


def _link(shown: str, target: str | None) -> str:
    if not target or shown.strip().startswith(("@", "#")):
        return shown
    bare, words = _SCHEME.sub("", target), _SCHEME.sub("", shown.strip()).rstrip("…")
    return target if bare.rstrip("/").startswith(words.rstrip("/")) else f"{shown} ({target})"
