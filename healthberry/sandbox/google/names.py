"""How Google calls accounts, locations and reviews: numbers and opaque words, here made of ODS codes and back."""

import re

from healthberry.sandbox import places
from healthberry.sandbox.kinds import root
from healthberry.sandbox.store import Store

_NAME = re.compile(r"accounts/(\d{1,40})/locations/(\d{1,40})/reviews/[^/]+")


def number(code: str) -> str:
    """Return the number of a code; the same code has the same one."""
    return str(int.from_bytes(code.encode()))


def code(number: str) -> str:
    """Return the code of a number, "" where it is none that we gave."""
    if not (number.isascii() and number.isdigit() and len(number) <= 40):
        return ""
    value = int(number)
    found = value.to_bytes((value.bit_length() + 7) // 8).decode("ascii", "replace")
    return found if places.CODE.fullmatch(found) else ""


def account(place: str) -> str:
    """Return the account that an organisation's locations belong to; its sites share it."""
    return f"accounts/{number(root(place))}"


def location(place: str) -> str:
    """Return the location of an ODS code as version 4 names it."""
    return f"{account(place)}/locations/{number(place)}"


def review(place: str, serial: int) -> str:
    """Return the name of a review at a location."""
    return f"{location(place)}/reviews/AbFvOq{serial:06d}k"


def place_of(name: str) -> str:
    """Return the ODS code of a review's location, "" for what is no such name."""
    found = _NAME.fullmatch(name)
    return code(found[2]) if found else ""


def locations_of(store: Store, organisation: str) -> list[str]:
    """Return the ODS codes of an account's locations: the organisation and all its sites that somebody knows of."""
    known = store.rows(
        """SELECT place FROM places WHERE channel = 'google' AND place >= ? AND place < ?
           UNION SELECT place FROM simple_items WHERE channel = 'google' AND place >= ? AND place < ?
           UNION SELECT ods_code FROM google_locations WHERE ods_code >= ? AND ods_code < ?""",
        *(organisation, organisation + "\uffff") * 3,
    )
    found = {row["place"] for row in known if root(row["place"]) == organisation}
    return sorted({organisation, *found})
