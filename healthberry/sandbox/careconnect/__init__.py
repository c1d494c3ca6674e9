"""A call centre that hands problems over the way they went to Care Connect: it posts them, and never hears of them."""

from .site import CallCentre

SITE = CallCentre()
