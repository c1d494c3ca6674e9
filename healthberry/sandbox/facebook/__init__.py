"""Facebook: Pages on the Graph API, its sign-in dialog, its webhooks, and its public pages."""

from .site import Facebook

SITE = Facebook()
