"""Cards: what patients write in the waiting room, for staff to write down elsewhere."""

from .site import Cards

SITE = Cards()
