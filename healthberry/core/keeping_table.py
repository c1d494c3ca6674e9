"""How long things are kept: one table. The words of feedback themselves have a limit for each kind of channel.

Those are said by the kind (`Capabilities.expires_days`: the most that its source's terms allow) and shortened by
organisations (core.keeping). What the source took down leaves within a day, by looking again (core.rechecks).
"""

from dataclasses import dataclass
from typing import Final

YEAR: Final = 365


@dataclass(frozen=True)
class Kept:
    """One kind of thing: its `name` in counts, what people call one and several, how many days it is kept, and why."""

    name: str
    one: str
    several: str
    days: int
    why: str

    @property
    def long(self) -> str:
        """Say how long, for people."""
        years, rest = divmod(self.days, YEAR)
        size, unit = (years, "year") if years and rest <= years else (self.days, "day")
        return f"{size} {unit}{'' if size == 1 else 's'}"


NOTES = Kept(
    # Domain rules, 2.5. Notes speak of patients in colleagues' words: no longer than the feedback may serve.
    "notes",
    "note",
    "notes",
    2 * YEAR,
    "Colleagues' notes are about a case that is over by then.",
)
ACTIVITIES = Kept(
    # Domain rules, 2.5: the audit log. Six years, with their leap days, is the limit for most claims in contract.
    "activities",
    "line of the history",
    "lines of the history",
    6 * YEAR + 2,
    "Who did what, and when: to answer for it later. No words of patients.",
)
AUDIT = Kept(
    "audit",
    "entry of the audit log",
    "entries of the audit log",
    ACTIVITIES.days,
    "Who did or read what, and from where. Nobody can change it; a legal hold keeps all of it.",
)
REPORTS = Kept(
    # They prove what was let go, as long as the audit log does; an erasure's certificate likewise.
    "reports",
    "report or certificate",
    "reports and certificates",
    ACTIVITIES.days,
    "They show what was let go. Counts only.",
)
REQUESTS = Kept(
    # Two years after the answer: the time in which people go to the ICO or to court about it. Then only that it was
    # asked and answered stays, as long as certificates do.
    "requests",
    "request about data",
    "requests about data",
    2 * YEAR,
    "What people asked about their data, with their address: counted from the answer. That it was answered stays.",
)
DRAFTS = Kept(
    # Drafts quote. Whoever did not come back to one for three months writes anew.
    "drafts",
    "draft",
    "drafts",
    90,
    "Counted from when it was last saved.",
)
REPLIES = Kept(
    # The published answer stands in the thread. The copy in the making serves while somebody may ask what went wrong.
    "replies",
    "text of a finished reply",
    "texts of finished replies",
    90,
    "The answer itself stays in its conversation, as long as that is kept.",
)
MAILS = Kept(
    # Who was told, when, and why not. No words: mails are written when they go out.
    "mails",
    "alert e-mail's record",
    "records of alert e-mails",
    180,
    "Who was told, and when. What the e-mail said, only of a change to somebody's own sign-in.",
)
PIECES = Kept(
    # Raw, so they hold anything. Long enough for an upgrade that can read them; shorter than any source's own limit.
    "pieces",
    "piece that could not be read",
    "pieces that could not be read",
    90,
    "Kept so that a newer version can read them.",
)
DELIVERIES = Kept(
    # Raw too. Read within seconds; one that waits for weeks belongs to a channel that nobody mends, which polls repair.
    "deliveries",
    "delivery not read yet",
    "deliveries not read yet",
    30,
    "What a site sent to a channel that could not be read for that long.",
)
SESSIONS = Kept(
    # No session lasts longer than 30 days (SESSION_HOURS), however it is used.
    "sessions",
    "sign-in",
    "sign-ins",
    31,
    "Browser and times, for whoever signed in to see. Counted from the last use.",
)
# By the hour, not by the night (core.imports.KEPT): a file holds the words of many people at once.
FILES = Kept(
    "files", "uploaded file", "uploaded files", 1, "An uploaded file is deleted once it is imported, or after a day."
)

WORDS = ("words", "conversation's words", "conversations' words")
TABLE: Final = (
    NOTES,
    ACTIVITIES,
    AUDIT,
    REPORTS,
    REQUESTS,
    DRAFTS,
    REPLIES,
    MAILS,
    PIECES,
    DELIVERIES,
    SESSIONS,
    FILES,
)


def said(let_go: dict[str, int]) -> list[str]:
    """Return "2 notes", "1 draft"… for people, the words first; nothing that did not occur."""
    names = [WORDS, *((kept.name, kept.one, kept.several) for kept in TABLE)]
    return [
        f"{let_go[name]:,} {one if let_go[name] == 1 else several}" for name, one, several in names if let_go.get(name)
    ]
