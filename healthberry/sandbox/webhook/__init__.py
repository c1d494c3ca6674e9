"""A survey tool of the organisation's own: it sends what patients enter to a hook, signed, and takes answers back."""

from .site import Survey

SITE = Survey()
