"""Looking through a reply, with every rule there is."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from healthberry.core.guarding.addresses import emails, postcodes
from healthberry.core.guarding.finding import KINDS, Finding, Own
from healthberry.core.guarding.moments import appointments, births
from healthberry.core.guarding.names import names
from healthberry.core.guarding.numbers import nhs_numbers, phones, records
from healthberry.core.guarding.patients import patients
from healthberry.core.guarding.sentences import Text

_RULES: Final[tuple[Callable[[Text, Own], Iterator[Finding]], ...]] = (
    emails,
    nhs_numbers,
    records,
    phones,
    postcodes,
    births,
    appointments,
    names,
    patients,
)
_JOINED: Final = re.compile(r"(?:,? ?(?:at|on|the)? ?)")


def look(written: str, own: Own) -> list[Finding]:
    """Return what should not be public, in the order of the words; no two findings overlap.

    The same words found twice count as what is worse (the order of `KINDS`). About a millisecond for 2,000 signs.
    """
    text = Text(written)
    found = sorted(
        {finding for rule in _RULES for finding in rule(text, own)}, key=lambda one: (KINDS.index(one.kind), one)
    )
    kept: list[Finding] = []
    for finding in found:
        if not any(other.start < finding.end and finding.start < other.end for other in kept):
            kept.append(finding)
    return _joined(text, sorted(kept))


def _joined(text: Text, found: list[Finding]) -> list[Finding]:
    """Make one of a date and the time beside it."""
    joined: list[Finding] = []
    for finding in found:
        last = joined[-1] if joined else None
        if last and last.kind == finding.kind and _JOINED.fullmatch(text.words, last.end, finding.start):
            joined[-1] = Finding(last.start, finding.end, last.kind)
        else:
            joined.append(finding)
    return joined
