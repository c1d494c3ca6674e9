"""The kinds of provider that the register knows, with the words that people read for them."""

from typing import Final

# In the order in which equally good hits are shown: what more people look for, and what is harder to tell apart
# by its name alone, comes first. The number is the head start in search.
_KINDS: Final[dict[str, tuple[str, int]]] = {
    "trust": ("NHS trust", 40),
    "icb": ("Integrated care board", 36),
    "health_board": ("Local health board", 36),
    "nhs_hospital": ("NHS hospital", 26),
    "independent_hospital": ("Independent hospital", 20),
    "hospice": ("Hospice", 18),
    "gp_practice": ("GP practice", 16),
    "sub_icb": ("Sub-ICB location", 14),
    "independent_provider": ("Independent or third-sector provider", 12),
    "walk_in_centre": ("Walk-in or urgent treatment centre", 11),
    "out_of_hours": ("Out-of-hours GP service", 10),
    "pharmacy": ("Pharmacy", 9),
    "dental_practice": ("Dental practice", 8),
    "trust_site": ("NHS trust site", 7),
    "care_home": ("Care home", 6),
    "ccg": ("Clinical commissioning group", 5),
    "social_care": ("Social care provider", 4),
}

KINDS: Final[tuple[str, ...]] = tuple(_KINDS)
SITE_KINDS: Final[tuple[str, ...]] = ("nhs_hospital", "independent_hospital", "trust_site")


def kind_label(kind: str) -> str:
    """Say a kind in words for people, such as "GP practice".

    Raises: KeyError for a kind that is not in `KINDS`.
    """
    return _KINDS[kind][0]


def kind_weight(kind: str) -> int:
    """Return the head start of a kind in search, 4 to 40.

    Raises: KeyError for a kind that is not in `KINDS`.
    """
    return _KINDS[kind][1]
