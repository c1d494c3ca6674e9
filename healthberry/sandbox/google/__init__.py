"""Google: signing in, Business Profile accounts and locations, their reviews, and pushes of Pub/Sub."""

from .site import Google

SITE = Google()
