"""All imitated sites: the only list, in the order in which pages show them."""

from . import careopinion, mastodon, nhsuk, x
from .site import Site

SITES: tuple[Site, ...] = (
    x.SITE,
    nhsuk.SITE,
    careopinion.SITE,
    mastodon.SITE,
)
