"""Where reading a mailbox is: UIDs of its folder and of the folder for what was sent.

UIDs ascend for ever within one UIDVALIDITY; where that changes, UIDs mean nothing any more and the last days are read
again, which is harmless: an e-mail is known by what is in it. Source: RFC 3501 section 2.3.1.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from healthberry.connectors.email_box import Box

PAGE: Final = 100
_LOOK_BACK: Final = timedelta(days=2)


@dataclass(frozen=True)
class Place:
    """How far one folder was read: the highest UID by a poll, the lowest by a backfill (0: not begun)."""

    validity: int = 0
    uid: int = 0


@dataclass(frozen=True)
class Walk:
    """A walk through both folders. `stored`: UIDs whose page is kept by now, and which are to be marked or moved."""

    inbox: Place = Place()
    sent: Place = Place()
    stage: str = "inbox"
    stored: tuple[int, ...] = ()

    def place(self) -> Place:
        """Return where reading is in the folder at hand."""
        return self.inbox if self.stage == "inbox" else self.sent

    def at(self, place: Place) -> "Walk":
        """Return the walk with another place in the folder at hand."""
        return replace(self, inbox=place) if self.stage == "inbox" else replace(self, sent=place)


def onwards(box: Box, folder: str, place: Place) -> tuple[list[int], Place, bool]:
    """Return the next UIDs above `place`, ascending, the place after them, and whether there are more."""
    validity, following = box.select(folder)
    if not validity or validity != place.validity:
        day = (datetime.now(UTC) - _LOOK_BACK).date()
        uids = box.since(day)
        # All that is older counts as read: the backfill brings it.
        place = Place(validity, min([following, *uids]) - 1)
    else:
        uids = box.above(place.uid)
    taken = uids[:PAGE]
    if len(uids) > PAGE:
        return taken, replace(place, uid=taken[-1]), True
    return taken, replace(place, uid=max([place.uid, following - 1, *taken])), False


def backwards(box: Box, folder: str, place: Place, since: date) -> tuple[list[int], Place, bool]:
    """Return the next UIDs below `place`, descending, the place after them, and whether there are more."""
    validity, following = box.select(folder)
    if validity != place.validity or not place.uid:
        place = Place(validity, following)
    uids: Sequence[int] = box.below(place.uid, since, PAGE)
    if len(uids) < PAGE:
        return list(uids), replace(place, uid=1), False
    return list(uids), replace(place, uid=uids[-1]), True
