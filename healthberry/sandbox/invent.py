"""Invent one item at a time: who wrote it, when, and what."""

from collections import Counter
from random import Random

from . import careopinion_store, nhsuk_store, x_store
from .config import chance
from .kinds import TAGS, WORDS, guess, guess_handle
from .state import Sandbox
from .texts import Written

DAY = 86_400_000
CRITICALITY: dict[str, list[str | None]] = {
    "thanks": [None, None, "not critical"],
    "neutral": ["not critical", None],
    "question": ["not critical"],
    "mixed": ["minimally critical", "mildly critical"],
    "concern": ["mildly critical", "moderately critical"],
    "serious": ["strongly critical", "severely critical"],
    "spam": [None],
}
EMOTIONS = {
    "thanks": ["thankful", "reassured", "cared for"],
    "mixed": ["confused", "hopeful"],
    "concern": ["frustrated", "ignored"],
    "serious": ["let down", "scared"],
}
ROLES = ["a patient", "a patient", "a patient", "a relative", "a carer", "a parent"]
AGES = ["16-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84", None, None]
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
        self.is_handle = root.startswith("x:")
        self.kind = guess_handle(code) if self.is_handle else guess(code)
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

    def save(self) -> None:
        """Store which texts were used."""
        rows = [(self.root, text_id, times) for text_id, times in self.used.items()]
        self.sandbox.store.many("INSERT OR REPLACE INTO used_texts VALUES (?, ?, ?)", rows)

    def past_moment(self) -> int:
        """Return a moment of the past two years, rather a recent one, at an hour when people are awake."""
        days = 1 + 725 * self.source.random() ** 2
        return self.sandbox.store.now() - int(days * DAY) + self.source.randint(-5, 5) * 3_600_000

    def post(self, user: dict[str, object], moment: int) -> tuple[x_store.NewPost, Written]:
        """Invent a post on X that mentions an account."""
        written = self.words("x")
        author = x_store.ensure_user(self.sandbox.store, self.sandbox.texts.screen_name(self.source))
        lead = "" if f"@{user['username']}" in written.text else f"@{user['username']} "
        closed = self.source.random() < 0.02
        post = x_store.NewPost(
            author["id"], lead + written.text, moment, len(lead), reply_settings="following" if closed else "everyone"
        )
        return post, written

    def story(self, place: str, moment: int) -> tuple[careopinion_store.NewStory, Written]:
        """Invent a story at Care Opinion; it was submitted one to three days before it appeared."""
        written, pick = self.words("careopinion"), self.source
        told = moment - int(pick.uniform(1, 3) * DAY)
        feelings = EMOTIONS.get(written.tone, [])
        polarity = 1 if written.tone == "thanks" else -1
        tags: list[dict[str, object]] = [
            {"name": name, "group": "Emotion", "polarity": polarity} for name in feelings[: pick.randint(0, 2)]
        ]
        story = careopinion_store.NewStory(
            place,
            written.title or _first_words(written.text),
            written.text,
            self.sandbox.texts.screen_name(pick),
            told,
            moment,
            pick.choice(ROLES),
            pick.choice(AGES),
            pick.choice(CRITICALITY[written.tone]),
            tags,
        )
        return story, written

    def review(self, code: str, moment: int) -> tuple[nhsuk_store.NewReview, Written]:
        """Invent a review at NHS.UK; it appears a few hours after it was submitted."""
        written, pick = self.words("nhsuk"), self.source
        sent = moment - int(pick.uniform(0.1, 1.5) * DAY)
        month, year = visit(sent - pick.randint(1, 60) * DAY)
        title = written.title or _first_words(written.text)
        name = self.sandbox.texts.signature(pick)
        return nhsuk_store.NewReview(
            code, title, written.text, name, sent, moment, month, year, written.rating
        ), written


def visit(moment: int) -> tuple[int, int]:
    """Return month and year of a moment (UTC milliseconds)."""
    from_epoch = moment // 1000 // 86400
    year, month = 1970 + int(from_epoch / 365.2425), int(from_epoch % 365.2425 / 30.45) + 1
    return min(12, month), year


def _first_words(text: str) -> str:
    words = text.split()
    return " ".join(words[:7]).rstrip(".,;:!?") + ("…" if len(words) > 7 else "")
