"""Mastodon: one imitated server for each host that is named, with its sign-in page and its stream."""

from .site import Mastodon

SITE = Mastodon()
