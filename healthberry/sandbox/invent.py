"""Invent one item at a time: who wrote it, when, and what; each site makes an item of its own kind of it."""

from collections import Counter
from random import Random

from .config import chance
from .kinds import TAGS, WORDS, guess, guess_handle
from .state import Sandbox
from .texts import Written

DAY = 86_400_000
STAFF = (
    "Patient Experience Team",
    "PALS",
    "Matron",
    "Service Manager",
    "Feedback and Complaints Team",
)
STAFF_OF = {
    "gp": ("Practice Manager", "Assistant Practice Manager"),
    "dentist": ("Practice Manager",),
    "pharmacy": ("Superintendent Pharmacist", "Store Manager"),
    "care_home": ("Registered Manager", "Deputy Manager"),
}
# What a trust mostly does is not in its code, so each gets one of these for good.
CHARACTERS = (
    ("acute", "ae", "maternity"),
    ("acute", "ae", "maternity", "community"),
    ("acute", "ae"),
    ("mental", "camhs", "community"),
)


class Inventor:
    """Invent items for one organisation; texts come back only after all suitable ones were used."""

    def __init__(self, sandbox: Sandbox, root: str, code: str, source: Random) -> None:
        self.sandbox, self.root, self.code, self.source = sandbox, root, code, source
        self.kind = guess(code) if root.startswith("ods:") else guess_handle(code)
        rows = sandbox.store.rows("SELECT text_id, times FROM used_texts WHERE root = ?", root)
        self.used: Counter[str] = Counter({row["text_id"]: row["times"] for row in rows})

    def tags(self) -> tuple[str, ...]:
        """Return the kinds of care that this organisation is written about for."""
        if self.kind != "trust":
            return TAGS[self.kind]
        return chance(self.sandbox.config.random_seed, self.root).choice(CHARACTERS)

    def words(self, channel: str) -> Written:
        """Choose and remember a text."""
        written = self.sandbox.texts.choose(channel, self.tags(), self.used, self.source, WORDS[self.kind])
        self.used[written.text_id] += 1
        return written

    def staff(self) -> str:
        """Return who answers for the organisation."""
        return self.source.choice(STAFF_OF.get(self.kind, STAFF))

    def save(self) -> None:
        """Store which texts were used."""
        rows = [(self.root, text_id, times) for text_id, times in self.used.items()]
        self.sandbox.store.many("INSERT OR REPLACE INTO used_texts VALUES (?, ?, ?)", rows)

    def past_moment(self) -> int:
        """Return a moment of the past two years, rather a recent one, at an hour when people are awake."""
        days = 1 + 725 * self.source.random() ** 2
        return self.sandbox.store.now() - int(days * DAY) + self.source.randint(-5, 5) * 3_600_000

    def moments(self, number: int) -> list[int]:
        """Return past moments newest first: what is read first gets the best texts."""
        return sorted((self.past_moment() for _ in range(number)), reverse=True)


def visit(moment: int) -> tuple[int, int]:
    """Return month and year of a moment (UTC milliseconds)."""
    from_epoch = moment // 1000 // 86400
    year, month = 1970 + int(from_epoch / 365.2425), int(from_epoch % 365.2425 / 30.45) + 1
    return min(12, month), year


def title_of(written: Written) -> str:
    """Return a text's title, or one made of its first seven words."""
    words = written.text.split()
    made = " ".join(words[:7]).rstrip(".,;:!?") + ("…" if len(words) > 7 else "")
    return written.title or made
