"""YouTube: channels, the comments under their videos, and replies."""

from .site import YouTube

SITE = YouTube()
