"""When a snoozed conversation comes back."""

from datetime import UTC, datetime

import pytest

from healthberry.blueprints import snoozes
from healthberry.core.errors import Invalid

FRIDAY_IN_SUMMER = datetime(2027, 5, 7, 14, 30, 12, tzinfo=UTC)
SATURDAY_BEFORE_SUMMER_TIME = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("later", datetime(2027, 5, 7, 17, 30, tzinfo=UTC)),
        ("tomorrow", datetime(2027, 5, 8, 7, 0, tzinfo=UTC)),
        ("monday", datetime(2027, 5, 10, 7, 0, tzinfo=UTC)),
        ("week", datetime(2027, 5, 14, 7, 0, tzinfo=UTC)),
    ],
)
def test_a_time_by_name_is_eight_in_the_morning_in_london(name: str, moment: datetime) -> None:
    assert snoozes.chosen({"until": name}, FRIDAY_IN_SUMMER) == moment


def test_eight_in_the_morning_is_eight_after_the_clocks_change() -> None:
    assert snoozes.chosen({"until": "tomorrow"}, SATURDAY_BEFORE_SUMMER_TIME) == datetime(2027, 3, 28, 7, 0, tzinfo=UTC)


def test_a_typed_time_is_londons() -> None:
    found = snoozes.chosen({"at": "2027-05-09T10:15"}, FRIDAY_IN_SUMMER)
    assert found == datetime(2027, 5, 9, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["", "soon", "2027-13-01T00:00", "9999-12-31T23:59", "\x00", "2029-05-09T10:15"])
def test_what_is_no_time_within_a_year_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        snoozes.chosen({"at": typed}, FRIDAY_IN_SUMMER)


def test_every_choice_says_when_it_is() -> None:
    assert snoozes.choices(FRIDAY_IN_SUMMER)[1] == ("tomorrow", "Tomorrow, Sat 08:00")
