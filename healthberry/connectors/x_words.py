"""Whether two posts say the same, as X serves them: links shortened, signs escaped, handles put in front."""

import re
from collections.abc import Collection
from typing import Any, Final

from healthberry.connectors.text import normal, similar
from healthberry.connectors.x_posts import answered, said_words, unescaped
from healthberry.connectors.x_text import links

_LEADING_MENTIONS: Final = re.compile(r"^(?:\s*@\w{1,15}\b)+\s*")


def comparable(text: str) -> str:
    """Return words for comparing: without leading mentions, escapes undone, every link as one sign, spaces alike."""
    words = _LEADING_MENTIONS.sub("", unescaped(normal(text)))
    for url in sorted(set(links(words)), key=len, reverse=True):
        words = words.replace(url, "⟨link⟩")
    return normal(words)


def says(post: Any, targets: Collection[str], words: str, *, exactly: bool) -> bool:
    """Say whether `post` answers one of `targets` with `words`, exactly or as a person may have changed them."""
    if answered(post) not in targets:
        return False
    theirs, ours = comparable(said_words(post)), comparable(words)
    return theirs == ours or (not exactly and similar(ours, theirs))
