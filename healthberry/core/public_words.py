"""Words for the public page: what authors call themselves is left out, and so is all that may say who somebody is.

What the guard finds is never cut out: the whole text is withheld. Only the name by which an author is known on their
site, and whom an answer greets, are replaced: these are not guessed.
"""

import re
from typing import Final

from healthberry.core.guarding import Own, look

NAME: Final = "[name]"
_OPENS: Final = r"(?:dear|hi|hello|hey|good (?:morning|afternoon|evening|day))"
# Up to four words between how a line begins and what ends a greeting.
_GREETED: Final = r"(?!there\b|all\b|everyone\b)(?:[^\s,!:;]+[ \t]+){0,3}[^\s,!:;]+"
_GREETING: Final = re.compile(rf"(?im)^([ \t]*{_OPENS})[ \t]+{_GREETED}(?=[ \t]*(?:[,!:;–—]|-[ \t]|$))")
# Authors speak of themselves: that they were patients is what they chose to publish.
_THEIR_OWN: Final = {"patient"}
_NO_NAMES: Final = {"anonymous", "patient", "a patient", "the patient"}
_SHORTEST: Final = 3


def is_name(screen_name: str) -> bool:
    """Say whether somebody can be known by this name."""
    bare = plain_name(screen_name)
    return len(bare) >= _SHORTEST and bare not in _NO_NAMES


def plain_name(screen_name: str) -> str:
    """Return a name as it is compared."""
    return " ".join(screen_name.lower().split()).lstrip("@")


def shown(words: str, screen_name: str, own: Own, *, ours: bool = False) -> str | None:
    """Return the words as anybody may read them, None where they have to be withheld.

    `ours`: an answer; in it, that somebody was a patient is for nobody to say.
    """
    text = _GREETING.sub(rf"\1 {NAME}", words) if ours else words
    if is_name(screen_name):
        bare = screen_name.strip().lstrip("@")
        text = re.sub(rf"(?i)(?<!\w)@?{re.escape(bare)}(?!\w)", NAME, text)
        if any(_says(text, part) for part in re.findall(r"[^\W\d_]{3,}", bare)):
            return None
    found = {one.kind for one in look(text, own)} - (set() if ours else _THEIR_OWN)
    return None if found else text


def _says(text: str, part: str) -> bool:
    """Say whether a part of a name stands there as a name: with a capital."""
    return re.search(rf"(?<!\w){re.escape(part.capitalize())}(?!\w)", text) is not None
