"""What authors wrote, as paragraphs with clickable web addresses: the only filter that makes links of their words."""

import re
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_REL = "nofollow noopener noreferrer ugc"
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
# Marks that turn the direction of writing could make an address look like another one.
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)
_TRAILING = ".,;:!?…*_»”’"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def linkify(text: str) -> Markup:
    """Return `text` escaped, one `<p dir="auto">` a paragraph, line breaks kept, http(s) addresses as links.

    Nothing else in it becomes HTML. The links leave in a new tab and tell the other side nothing. "" for no words.
    """
    paragraphs = [part.strip() for part in _PARAGRAPH.split(text) if part.strip()]
    html = "\n".join(f'<p dir="auto">{_lines(part)}</p>' for part in paragraphs)
    return Markup(html)  # noqa: S704 - every piece of the text was escaped below  # nosec B704


def _lines(paragraph: str) -> str:
    return "<br>".join(_linked(line) for line in paragraph.split("\n"))


def _linked(line: str) -> str:
    pieces, place = [], 0
    for match in _ADDRESS.finditer(line):
        address = _without_trailing(match[0])
        if not _leads_somewhere(address):
            continue
        safe = escape(address)
        pieces += [
            str(escape(line[place : match.start()])),
            f'<a href="{safe}" rel="{_REL}" target="_blank">{safe}</a>',
        ]
        place = match.start() + len(address)
    return "".join([*pieces, str(escape(line[place:]))])


def _without_trailing(address: str) -> str:
    """Leave out the full stop of the sentence, and a bracket that was opened before the address."""
    surplus = {closing: address.count(closing) - address.count(opening) for closing, opening in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]


def _leads_somewhere(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
