"""Care Opinion: API v2 and the public page of a story."""

from .site import CareOpinion

SITE = CareOpinion()
