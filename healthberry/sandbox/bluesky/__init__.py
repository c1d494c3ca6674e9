"""Bluesky: entryway, an account's own server, and what the network shows of them, at one address."""

from .site import Bluesky

SITE = Bluesky()
