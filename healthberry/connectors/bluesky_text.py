"""Words as Bluesky counts and marks them.

Source: lexicon app.bsky.feed.post: at most 300 graphemes and 3000 bytes of UTF-8; facets name places by bytes, the end
exclusive, and an address without one is plain text.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import regex

from healthberry.connectors.reading import address, mapping, sequence
from healthberry.connectors.text import clean

GRAPHEMES: Final = 300
_BYTES_EACH: Final = 10  # 3000 bytes for 300 graphemes
_LONGEST_COUNTED: Final = 20_000
_MOST_FACETS: Final = 200
_LINK: Final = "app.bsky.richtext.facet#link"
_GRAPHEME = regex.compile(r"\X")
_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}']", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)


def length(text: str) -> int:
    """Count graphemes; of words with few graphemes but many bytes, every ten bytes."""
    if len(text) > _LONGEST_COUNTED:
        return len(text)
    return max(len(_GRAPHEME.findall(text)), -(-len(text.encode()) // _BYTES_EACH))


def facets(text: str) -> list[dict[str, Any]]:
    """Return what makes the addresses in `text` links, in order, not overlapping."""
    return [
        {
            "index": {"byteStart": len(text[: one.start()].encode()), "byteEnd": len(text[: one.end()].encode())},
            "features": [{"$type": _LINK, "uri": one[0]}],
        }
        for one in _URL.finditer(text)
    ]


def words(record: Mapping[str, Any]) -> str:
    """Return the words of a post with its addresses in full; places that are none are left as they are."""
    text = record.get("text")
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else b""
    at, said = 0, []
    for start, end, target in sorted(_links(record, len(raw))):
        if start >= at:
            said += [raw[at:start], _shown(raw[start:end], target)]
            at = end
    return clean(b"".join([*said, raw[at:]]).decode("utf-8", "replace"))


def _links(record: Mapping[str, Any], size: int) -> list[tuple[int, int, str]]:
    found = []
    for facet in map(mapping, sequence(record.get("facets"))[:_MOST_FACETS]):
        index = mapping(facet.get("index"))
        start, end = index.get("byteStart"), index.get("byteEnd")
        targets = [address(mapping(one).get("uri")) for one in sequence(facet.get("features"))]
        target = next((one for one in targets if one), None)
        if type(start) is int and type(end) is int and 0 <= start < end <= size and target:
            found.append((start, end, target))
    return found


def _shown(words: bytes, target: str) -> bytes:
    shown = words.decode("utf-8", "replace")
    bare, cut = _SCHEME.sub("", target), _SCHEME.sub("", shown.strip()).rstrip("….")
    return (target if bare.rstrip("/").startswith(cut.rstrip("/")) else f"{shown} ({target})").encode()
