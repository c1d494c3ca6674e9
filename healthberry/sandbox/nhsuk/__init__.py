"""NHS.UK reviews: the API for readers, the one for publishers, and the public page of a review."""

from .site import NhsUk

SITE = NhsUk()
