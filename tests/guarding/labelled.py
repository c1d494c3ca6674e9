"""The labelled replies of `examples.txt`, and how well the rules do on them."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from healthberry.core.guarding import Finding, look, own

OWN: Final = own(
    name="City Hospitals Trust",
    writer="Priya Kaur",
    postcodes=("LS1 3EX",),
    contacts=("0113 496 0100", "hello@cityhospitals.nhs.uk"),
)
_MARK: Final = re.compile(r"\{(\w+)\|([^}]*)\}")
_HELD_OUT: Final = 4


@dataclass(frozen=True)
class Example:
    """One reply, what has to be found in it, and whether it was kept aside while rules were made."""

    text: str
    expected: tuple[Finding, ...]
    held_out: bool


@dataclass
class Score:
    """How the rules did: what was missed, and what was found where nothing is."""

    expected: int = 0
    harmless: int = 0
    alarmed: int = 0  # harmless replies in which something was found
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # every finding that nobody labelled, in any reply

    @property
    def recall(self) -> float:
        """Return the share of labels that were found."""
        return 1 - len(self.missed) / self.expected

    @property
    def false_alarms(self) -> float:
        """Return the share of harmless replies in which something was found."""
        return self.alarmed / self.harmless

    def __str__(self) -> str:
        figures = (
            f"recall {self.recall:.1%} of {self.expected}, false alarms {self.false_alarms:.1%} of {self.harmless}"
        )
        return "\n".join([figures, *self.missed, *self.wrong])


def examples() -> list[Example]:
    """Read all of them."""
    lines = (Path(__file__).parent / "examples.txt").read_text(encoding="utf-8").splitlines()
    written = [line for line in lines if line and not line.startswith("#")]
    return [_read(line, number % _HELD_OUT == 0) for number, line in enumerate(written, 1)]


def _read(line: str, held_out: bool) -> Example:
    text, expected, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        expected.append(Finding(len(text), len(text) + len(mark[2]), mark[1]))  # type: ignore[arg-type]
        text += mark[2]
        at = mark.end()
    return Example(text + line[at:], tuple(expected), held_out)


def score(some: list[Example]) -> Score:
    """Look through them. A label is found by a finding of its kind that shares words with it."""
    result = Score()
    for example in some:
        found = look(example.text, OWN)
        result.expected += len(example.expected)
        missed = [one for one in example.expected if not any(_same(one, other) for other in found)]
        wrong = [one for one in found if not any(_same(one, other) for other in example.expected)]
        if not example.expected:
            result.harmless += 1
            result.alarmed += bool(wrong)
        result.missed += [f"missed {_words(example, one)}" for one in missed]
        result.wrong += [f"wrongly found {_words(example, one)}" for one in wrong]
    return result


def _same(one: Finding, other: Finding) -> bool:
    return one.kind == other.kind and one.start < other.end and other.start < one.end


def _words(example: Example, finding: Finding) -> str:
    return f"{finding.kind} “{example.text[finding.start : finding.end]}” in: {example.text}"
