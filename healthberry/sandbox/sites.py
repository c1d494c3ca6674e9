"""All imitated sites: the only list, in the order in which pages show them."""

from . import (
    bluesky,
    careconnect,
    careopinion,
    email,
    facebook,
    feed,
    fft,
    google,
    google_plus,
    instagram,
    mastodon,
    nhsuk,
    paper,
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
    google_plus.SITE,
    careconnect.SITE,
    email.SITE,
    fft.SITE,
    paper.SITE,
    feed.SITE,
    webhook.SITE,
)
