"""All imitated sites: the only list, in the order in which pages show them."""

from . import careopinion, email, facebook, feed, google, mastodon, nhsuk, webhook, x, youtube
from .site import Site

SITES: tuple[Site, ...] = (
    x.SITE,
    nhsuk.SITE,
    careopinion.SITE,
    facebook.SITE,
    google.SITE,
    youtube.SITE,
    mastodon.SITE,
    email.SITE,
    feed.SITE,
    webhook.SITE,
)
