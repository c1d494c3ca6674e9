"""All imitated sites: the only list, in the order in which pages show them."""

from . import (
    bluesky,
    careconnect,
    careopinion,
    email,
    facebook,
    feed,
    google,
    instagram,
    mastodon,
    nhsuk,
    webhook,
    x,
    youtube,
)
from .site import Site

SITES: tuple[Site, ...] = (
    x.SITE,
    nhsuk.SITE,
    careopinion.SITE,
    facebook.SITE,
    instagram.SITE,
    google.SITE,
    youtube.SITE,
    mastodon.SITE,
    bluesky.SITE,
    email.SITE,
    feed.SITE,
    webhook.SITE,
    careconnect.SITE,
)
