"""All imitated sites: the only list, in the order in which pages show them."""

from . import careopinion, nhsuk, x
from .site import Key, Site

SITES: tuple[Site, ...] = (
    x.SITE,
    nhsuk.SITE,
    careopinion.SITE,
)


def keys() -> list[Key]:
    """Return the secrets that callers of any site must present."""
    return [key for site in SITES for key in site.keys]
