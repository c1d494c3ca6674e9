"""X: API v2, its sign-in page, and the public pages of accounts and posts."""

from . import hooks as hooks
from . import stream as stream
from .site import X

SITE = X()
