"""Where a provider is: postcodes, nations and the town among the lines of an address."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from healthberry.register.wordlists import words_of

_POSTCODE: Final = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})\Z")
_SCOTLAND: Final = re.compile(r"(?:AB|DD|DG|EH|FK|G|HS|IV|KA|KW|KY|ML|PA|PH|TD|ZE)\Z")
_WALES: Final = frozenset({"CF", "LD", "LL", "NP", "SA"})
_ISLANDS: Final = {"IM": "Isle of Man", "JE": "Jersey", "GY": "Guernsey"}
# Counties that stand where a town is looked for. Towns of the same name as a county are not here.
_COUNTIES: Final = words_of("counties.txt")
_STREET: Final = re.compile(
    r"\d|\b(?:ROAD|RD|(?<!LE )(?<!LE-)STREET|LANE|AVENUE|AVE|DRIVE|CLOSE|CENTRE|CTR|HOUSE|SURGERY|PARK|SQUARE|TERRACE|"
    r"CRESCENT|PLACE|UNIT|FLOOR|ESTATE|BUILDING|HOSPITAL|COURT|WAY|PARADE|PRACTICE)\b"
)


def postcode(text: str) -> str:
    """Write a postcode in capitals with one space, "LS1 2AB"; what is not one becomes the empty text."""
    found = _POSTCODE.match("".join(text.upper().split()))
    return f"{found[1]} {found[2]}" if found else ""


def nation(written_postcode: str, region: str = "") -> str:
    """Name the nation: by the ODS region where it says Wales, else by postcode area; England when nothing is known.

    Areas that cross the Welsh border count as English unless the region says otherwise.
    """
    area = "".join(re.findall(r"\A[A-Z]+", written_postcode))
    if area in _ISLANDS:
        return _ISLANDS[area]
    if area == "BT":
        return "Northern Ireland"
    if _SCOTLAND.match(area):
        return "Scotland"
    return "Wales" if region == "W00" or area in _WALES else "England"


class Towns:
    """The towns that sources name outright, used to find the town among free address lines."""

    def __init__(self, sure: Iterable[tuple[str, str]]) -> None:
        """Learn from pairs of (town in capitals, postcode)."""
        by_district: defaultdict[str, Counter[str]] = defaultdict(Counter)
        names: Counter[str] = Counter()
        for town, written in sure:
            if town and not _STREET.search(town) and town not in _COUNTIES:
                names[town] += 1
                by_district[written.partition(" ")[0]][town] += 1
        self._names = {town for town, times in names.items() if times > 1}
        self._district = {code: towns.most_common(1)[0][0] for code, towns in by_district.items() if code}

    def pick(self, lines: Sequence[str], written_postcode: str) -> tuple[str, str]:
        """Split address lines in capitals into (town, the lines before it); both may be empty.

        The last line that is a known town wins; then the commonest town of the postcode district, unless the last
        line that is neither county nor street looks like a town itself.
        """
        kept = [line for line in lines if line and line not in _COUNTIES]
        for index in range(len(kept) - 1, 0, -1):
            if kept[index] in self._names:
                return kept[index], ", ".join(kept[:index])
        if kept and (kept[-1] in self._names or (len(kept) > 1 and not _STREET.search(kept[-1]))):
            return kept[-1], ", ".join(kept[:-1])
        return self.of_postcode(written_postcode), ", ".join(kept)

    def of_postcode(self, written_postcode: str) -> str:
        """Return the commonest town of a postcode's district in capitals, "" when none is known."""
        return self._district.get(written_postcode.partition(" ")[0], "")
