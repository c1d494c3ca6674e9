"""One entry of the register, as every step between the sources and the database passes it on."""

from dataclasses import dataclass
from datetime import date
from typing import Final

ATTRIBUTION: Final = "Contains public sector information licensed under the Open Government Licence v3.0"


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider as its source describes it; empty text and None mean "not said".

    `ods_code` is in capitals. `former_names` are earlier full names, `short_names` abbreviations and everyday names.
    `parent_code` is the trust of a site, the sub-ICB location or health board of a practice, the ICB of a pharmacy.
    `web_domain` is a host without "www.". `source` is a key of `sources.SOURCES`, `source_as_of` the day that source
    describes.
    """

    ods_code: str
    name: str
    kind: str
    source: str
    source_as_of: date
    parent_code: str = ""
    street: str = ""
    town: str = ""
    postcode: str = ""
    nation: str = ""
    web_domain: str = ""
    opened_on: date | None = None
    closed_on: date | None = None
    former_names: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    predecessor_codes: tuple[str, ...] = ()
    successor_codes: tuple[str, ...] = ()
