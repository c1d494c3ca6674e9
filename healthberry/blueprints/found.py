"""What the guard found in a reply, as the composer shows it: its words in pieces, each finding with a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import request

from healthberry.blueprints.guard import member
from healthberry.core import drafts, guarded
from healthberry.core.guarded import LetStand
from healthberry.core.guarding import Finding, Kind
from healthberry.core.thread import Page

_LONGEST: Final = 2_000  # of what is typed as a reason; the rule itself allows less

# What each is called, and why it matters that everybody can read it.
WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "nhs_number": ("NHS number", "It names one person, and opens their record."),
    "phone": ("telephone number", "Strangers could ring whoever it belongs to."),
    "email": ("e-mail address", "Strangers could write to whoever it belongs to."),
    "postcode": ("postcode", "With one more detail it says where somebody lives."),
    "birth": ("date of birth", "With a name it is enough to pass for that person."),
    "appointment": ("date or time of an appointment", "It says that somebody was here, and when."),
    "name": ("name", "Whoever is named can be found, and has not been asked."),
    "record": ("record or case number", "It leads to one person's record."),
    "patient": ("confirmation that somebody is a patient", "Even if they said so themselves, we may not confirm it."),
}


@dataclass(frozen=True)
class Piece:
    """Some words of a reply; those that were found have a number, what they are called, and why it matters."""

    words: str
    number: int = 0
    name: str = ""
    why: str = ""
    start: int = 0


@dataclass(frozen=True)
class Found:
    """All that was found. `mark` names just this, for who lets it stand."""

    pieces: Sequence[Piece]
    mark: str

    @property
    def marked(self) -> list[Piece]:
        """Return the pieces that should not be public."""
        return [one for one in self.pieces if one.number]

    @property
    def names(self) -> list[str]:
        """Return what was found, each kind once, in the order of the words."""
        return list(dict.fromkeys(one.name for one in self.marked))


def look(page: Page, text: str, way: str) -> Found | None:
    """Return what should not be public in the reply as it stands in the field; None where nothing is found.

    What is too long even to be kept goes nowhere, and is not looked through: a megabyte takes most of a second.
    """
    if len(text) > drafts.LONGEST:
        return None
    found = guarded.findings(member(), page.channel, page.permission, text, way)
    return Found(_pieces(text, found), guarded.mark(text, found)) if found else None


def let_stand() -> LetStand | None:
    """Return what the form says about publishing all the same; None where that button was not pressed."""
    if "let_stand" not in request.form:
        return None
    return LetStand(reason(), request.form.get("let_stand", "")[:_LONGEST])


def reason() -> str:
    """Return the reason as it was typed."""
    return request.form.get("let_stand_reason", "")[:_LONGEST]


def name_of(kind: str) -> str:
    """Return what people call a kind of finding; one that is unknown by now, as it is."""
    return next((words[0] for known, words in WORDS.items() if known == kind), kind)


def _pieces(text: str, found: Sequence[Finding]) -> list[Piece]:
    pieces, at = [], 0
    for number, one in enumerate(found, 1):
        name, why = WORDS[one.kind]
        pieces += [Piece(text[at : one.start]), Piece(text[one.start : one.end], number, name, why, _place(text, one))]
        at = one.end
    return [*pieces, Piece(text[at:])]


def _place(text: str, one: Finding) -> int:
    """Return where it begins as browsers count: in pieces of sixteen bits."""
    return len(text[: one.start].encode("utf-16-le", errors="surrogatepass")) // 2
