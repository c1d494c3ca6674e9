"""The Friends and Family Test: a supplier's survey, and the export that it offers."""

from .site import Survey

SITE = Survey()
