"""X: API v2, its sign-in page, and the public pages of accounts and posts."""

from .site import X

SITE = X()
