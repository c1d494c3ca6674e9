"""The words of a piece of HTML as a reader sees them: no tags, no scripts, one paragraph after the other."""

import html
import re
from html.parser import HTMLParser
from typing import Final

_LONGEST: Final = 400_000
_HIDDEN: Final = frozenset({"script", "style", "template", "head", "title", "noscript", "iframe", "object", "svg"})
_BLOCKS: Final = frozenset(
    ("address", "article", "aside", "blockquote", "div", "dl", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5")
) | frozenset(("h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul"))
_LINES: Final = frozenset({"dd", "dt", "figcaption", "li", "tr"})
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")


def words_of(markup: str) -> str:
    """Return the words of at most 400,000 characters of HTML, an empty line between its blocks."""
    reader = _Words()
    try:
        reader.feed(markup[:_LONGEST])
        reader.close()
    except (AssertionError, ValueError):  # what the parser makes of some nonsense
        return html.unescape(re.sub(r"<[^>]*>", " ", markup[:_LONGEST])).strip()
    return "".join(reader.said).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._hidden = ""
        self._breaks = 0  # how many line breaks stand at the end

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN and not self._hidden:
            self._hidden = tag
        elif tag == "br":
            self._break(self._breaks + 1)
        elif tag in _BLOCKS or tag in _LINES:
            self._break(1 if tag in _LINES else 2)
        elif tag in ("td", "th"):
            self._say(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        elif tag in _BLOCKS or tag in _LINES:
            self._break(1 if tag in _LINES else 2)

    def handle_data(self, data: str) -> None:
        text = _SPACE.sub(" ", data)
        if self._breaks:
            text = text.lstrip(" ")
        if text and not self._hidden:
            self._say(text)

    def _say(self, text: str) -> None:
        if text == " " and (self._breaks or not self.said or self.said[-1].endswith(" ")):
            return
        self.said.append(text)
        self._breaks = 0

    def _break(self, wanted: int) -> None:
        """Let at least so many line breaks stand at the end; none at the very beginning."""
        if self._hidden or not self.said:
            return
        if not self._breaks:
            self.said[-1] = self.said[-1].rstrip(" ")
        self.said.append("\n" * max(wanted - self._breaks, 0))
        self._breaks = max(wanted, self._breaks)
