"""All imitated sites: the only list, in the order in which pages show them."""

from . import careopinion, google, nhsuk, webhook, x, youtube
from .site import Site

SITES: tuple[Site, ...] = (
    x.SITE,
    nhsuk.SITE,
    careopinion.SITE,
    google.SITE,
    youtube.SITE,
    webhook.SITE,
)
