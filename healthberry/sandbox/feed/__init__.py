"""Feeds: a local newspaper whose readers' comments are a feed, as RSS, Atom and JSON."""

from .site import FeedSite

SITE = FeedSite()
