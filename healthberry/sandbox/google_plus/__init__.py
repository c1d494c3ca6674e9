"""Google+ as it was until 2019: its API for reading, and the archives that Takeout gave out."""

from .site import GooglePlus

SITE = GooglePlus()
