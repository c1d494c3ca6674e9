"""What the tests of the rules share."""

from tests.core.teams_house import house

__all__ = ["house"]
