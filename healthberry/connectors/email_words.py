"""What somebody wrote in an e-mail: plain text out of flowed lines or HTML, and what they quoted apart from it.

Source: RFC 3676 (format=flowed). How programs mark quoted history is custom, not standard: Gmail, Apple Mail and
Thunderbird write "On … wrote:" before lines that begin with ">", Outlook writes the headers of what it quotes.
"""

import re
import warnings
from collections.abc import Sequence
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, PageElement, Tag
from charset_normalizer import from_bytes

_LONGEST_HTML: Final = 1_000_000
_DEEPEST: Final = 200
# Where a block, or a paragraph, begins or ends; no text holds these.
_BLOCK, _PARAGRAPH = "\x01", "\x02"
_DROPPED: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object", "iframe"})
_BLOCKS: Final = re.compile(
    "address|article|aside|blockquote|center|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p"
    "|pre|section|table|tbody|tfoot|thead|tr|ul"
)
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})

_WROTE = re.compile(
    r"(?i)^\s*(on|am|le|el|il|op)\b.{4,300}(wrote|schrieb|écrit|escribió|scritto|schreef)\b.{0,80}:\s*$"
)
_ORIGINAL = re.compile(
    r"(?i)^\s*[-_]{2,}\s*(original message|forwarded message|ursprüngliche nachricht)\s*[-_]{2,}\s*$"
)
_RULER = re.compile(r"^\s*_{10,}\s*$")
_HEADING = re.compile(r"(?i)^\s*\*?(from|sent|date|to|cc|subject|von|gesendet|an|betreff)\s*:\*?\s*\S")


def decoded(raw: bytes, charset: str) -> str:
    """Return bytes as text: by the charset that is declared, else UTF-8, else what they look like."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    best = from_bytes(raw[:50_000], cp_isolation=["cp1252", "iso8859_15", "utf_16", "cp1250"]).best()
    return raw.decode(best.encoding if best else "cp1252", "replace")


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """Return text whose soft line breaks (format=flowed) are taken out; quoted lines keep theirs."""
    lines: list[str] = []
    joining = False
    for raw in text.replace("\r\n", "\n").split("\n"):
        quoted = raw.startswith(">")
        line = raw if quoted else raw.removeprefix(" ")
        if joining and not quoted:
            lines[-1] += line
        else:
            lines.append(line)
        joining = not quoted and line.endswith(" ") and line != "-- "
        if joining and delete_space:
            lines[-1] = lines[-1][:-1]
    return "\n".join(line.rstrip(" ") if line != "-- " else line for line in lines)


def from_html(html: str) -> str:
    """Return the words of an HTML e-mail: paragraphs apart, lists as "* ", quotes as "> ", addresses behind links."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # words that look like an address or a file name
        soup = BeautifulSoup(html[:_LONGEST_HTML], "html.parser")
    return _laid_out(_text(soup, 0))


def _laid_out(text: str) -> str:
    """Make lines of blocks: two that meet break once, paragraphs leave a line free."""
    text = re.sub(rf"[{_BLOCK}{_PARAGRAPH}\s]*{_PARAGRAPH}[{_BLOCK}{_PARAGRAPH}\s]*", "\n\n", text)
    text = re.sub(rf"[ {_BLOCK}]*{_BLOCK}[ {_BLOCK}]*", "\n", text)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _text(element: PageElement, depth: int) -> str:
    if isinstance(element, Comment) or type(element) not in (NavigableString, Tag, BeautifulSoup):
        return ""  # declarations and other strings that are no words
    if isinstance(element, NavigableString):
        return re.sub(r"[\s\x00-\x1f]+", " ", str(element))
    if not isinstance(element, Tag) or element.name in _DROPPED or depth > _DEEPEST:
        return ""
    if element.name == "br":
        return "\n"
    if element.name == "img":
        return str(element.get("alt") or "")
    inner = element.get_text() if element.name == "pre" else "".join(_text(one, depth + 1) for one in element.children)
    return _wrapped(element, inner)


def _wrapped(element: Tag, inner: str) -> str:
    name = element.name
    if name == "a":
        return _linked(str(element.get("href") or ""), inner)
    if name == "li":
        return f"{_BLOCK}* {inner.strip()}{_BLOCK}"
    if name in ("td", "th"):
        return f"{inner} "
    if name == "blockquote":
        inner = "\n".join(f"> {line}".rstrip() for line in _laid_out(inner).split("\n"))
    gap = _PARAGRAPH if name in _SPACED else _BLOCK if _BLOCKS.fullmatch(name) else ""
    return f"{gap}{inner}{gap}"


def _linked(address: str, words: str) -> str:
    shown = words.strip()
    if not address.startswith(("http://", "https://")) or len(address) > 500:
        return words
    bare = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    return words if bare and bare in shown else f"{shown} ({address})" if shown else address


def parted(text: str) -> tuple[str, str]:
    """Return an answer's own words, and what it quotes beneath them; all of it is its own where that is not certain.

    What stands between quoted lines stays: it is an answer line by line.
    """
    lines = text.split("\n")
    start = next((number for number in range(len(lines)) if _begins_history(lines, number)), len(lines))
    own = "\n".join(lines[:start]).rstrip()
    return (own, "\n".join(lines[start:]).strip()) if own.strip() else (text, "")


def _begins_history(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if _ORIGINAL.match(line) or (_RULER.match(line) and _headings(lines[at + 1 : at + 7])):
        return True
    if _HEADING.match(line) and _headings(lines[at : at + 6]) and (at == 0 or not lines[at - 1].strip()):
        return True
    for length in (1, 2):  # "On … wrote:" is often broken in two
        if _WROTE.match(" ".join(lines[at : at + length])) and _only_quotes(lines[at + length :]):
            return True
    return line.startswith(">") and _only_quotes(lines[at:])


def _headings(lines: Sequence[str]) -> bool:
    return sum(1 for line in lines if _HEADING.match(line)) >= 3


def _only_quotes(lines: Sequence[str]) -> bool:
    return all(line.startswith(">") or not line.strip() for line in lines)
