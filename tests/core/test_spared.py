"""A new administrator takes nothing from whoever was there before, until three days are over."""

from datetime import timedelta

import pytest

from healthberry.core import claims, second_step
from healthberry.core.errors import NotAllowed
from healthberry.extensions import db
from healthberry.models.owned import now
from tests.world import World


def test_a_new_administrator_resets_how_an_earlier_one_signs_in_only_after_three_days(world: World) -> None:
    organisation = world.organisation()
    earlier, new = (world.member(organisation, created_at=now() - timedelta(days=days)) for days in (30, 1))
    for one in (earlier, new):
        claims.of_member(one).raised_at = one.role_since = one.created_at
    db.session.commit()

    with pytest.raises(NotAllowed, match="less than three days ago"):
        second_step.reset(new, earlier.id)

    claims.of_member(new).raised_at = new.role_since = new.created_at = now() - timedelta(days=4)
    db.session.commit()
    assert second_step.reset(new, earlier.id).id == earlier.id
