"""Who of a commissioner read what of which provider stands in the commissioner's audit log."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from tests.core.test_commissioning import Region, region, register
from tests.world import World

__all__ = ["region", "register"]


def _readings(organisation_id: object) -> list[AuditEntry]:
    scope.enter(organisation_id)  # type: ignore[arg-type]
    found = select(AuditEntry).where(AuditEntry.action == "provider_read").order_by(AuditEntry.number)
    return list(db.session.scalars(found))


def test_a_reading_is_written_down_once_for_each_member_provider_and_day(
    world: World, client: FlaskClient, region: Region
) -> None:
    board, practice = region.board.organisation_id, region.practice.id
    name = region.board.name
    other = world.member(db.session.get_one(type(region.practice), board), name="Ada Boss")
    world.signed_in(client, region.board)
    scope.leave()
    listed = client.get("/providers").text
    (path,) = set(re.findall(r"/providers/[0-9a-f-]{36}", listed))
    assert _readings(board) == [], "the list says only who there is"

    for address in (path, path, f"{path}?after=x"):
        assert client.get(address).status_code == 200
    world.signed_in(client, other)
    scope.leave()
    assert client.get(path).status_code == 200
    assert client.get(f"/providers/{board}").status_code == 404

    first, second = _readings(board)
    assert (first.name, first.object_id, first.details) == (name, str(practice), {"provider": "Cedar Surgery"})
    assert second.name == "Ada Boss"
    log = client.get("/settings/audit?what=provider_read").text
    assert "Read a provider's figures and published words" in log.replace("&#39;", "'")
    assert "Cedar Surgery" in log
    assert _readings(practice) == [], "a provider's log says what its own people did"
