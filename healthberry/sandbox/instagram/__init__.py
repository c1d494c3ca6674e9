"""Instagram: comments, mentions and tags of professional accounts, on the same API and app as Facebook."""

from .site import Instagram

SITE = Instagram()
