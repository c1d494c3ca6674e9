"""Looking for an organisation's channels: what fails for the moment is looked at again, and people may ask for it."""

import re
from datetime import timedelta

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors import registry
from healthberry.core import organisations, scope
from healthberry.extensions import db
from healthberry.jobs import ingest
from healthberry.jobs.maintenance import sweep
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.queues import queue
from tests.connectors.fakes import CREDENTIALS, Provider, as_json
from tests.world import World


class Outside:
    """Websites and X as a test wants them; the sites that go by code have nothing."""

    def __init__(self) -> None:
        self.website = httpx.Response(200, html='<a href="https://x.com/CedarNHS">us</a>')
        self.user = as_json({"data": {"id": "77", "username": "CedarNHS"}})
        self.provider = Provider(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the site that is asked."""
        path = request.url.path
        if path.startswith("/websites/"):
            return self.website
        if "/by/username/" in path:
            return self.user
        return as_json({"data": [], "meta": {}}) if path.startswith("/x/") else as_json([])


@pytest.fixture
def outside(app: Flask) -> Outside:
    """Return the world beyond the application, as its connectors see it."""
    found = Outside()
    app.extensions["connectors"] = registry.build(registry.endpoints("http://127.0.0.1:9"), CREDENTIALS, found.provider)
    return found


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation whose channels were not looked for yet."""
    return world.organisation(name="Cedar Surgery", discover_next_at=now())


@pytest.fixture
def member(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return its only member, signed in."""
    found = world.member(organisation, level=1, role="responder")
    world.signed_in(client, found)
    return found


def look(organisation: Organisation) -> Organisation:
    """Look for the channels as a worker would; return the organisation as it is afterwards."""
    organisation_id = organisation.id
    scope.leave()
    ingest.discover(str(organisation_id))
    scope.enter(organisation_id)
    db.session.expire_all()
    return db.session.get_one(Organisation, organisation_id)


def problems(organisation: Organisation) -> list[str]:
    """Return what people are told of what was not found."""
    return organisations.details_of(organisation.id).discovery_problems


def kinds(organisation: Organisation) -> list[str]:
    """Return the kinds of the linked channels."""
    scope.enter(organisation.id)
    return sorted(db.session.scalars(db.select(Channel.kind)))


def test_a_website_that_fails_for_the_moment_is_read_again_later_and_its_account_found(
    outside: Outside, client: FlaskClient, organisation: Organisation, member: Member
) -> None:
    works, outside.website = outside.website, httpx.Response(503)
    after = look(organisation)

    assert kinds(after) == ["careopinion", "nhsuk"]
    assert after.discover_next_at is not None
    assert timedelta(minutes=4) < after.discover_next_at - now() < timedelta(minutes=6)
    scope.leave()
    page = client.get("/channels").text
    assert "could not be read: it answers with an error (status 503)" in page
    assert "We look again by ourselves, next on" in page
    assert "Looking for your channels" not in page

    outside.website = works
    after = look(organisation)
    assert kinds(after) == ["careopinion", "nhsuk", "x"]
    assert (after.discover_next_at, after.discover_failures, problems(after)) == (None, 0, [])


def test_an_account_that_x_can_not_look_up_for_the_moment_is_looked_up_again(
    outside: Outside, organisation: Organisation
) -> None:
    works, outside.user = outside.user, httpx.Response(429)
    assert look(organisation).discover_next_at is not None

    outside.user = works
    assert kinds(look(organisation)) == ["careopinion", "nhsuk", "x"]


def test_pauses_grow_to_a_day_and_end_after_about_a_week(outside: Outside, organisation: Organisation) -> None:
    outside.website = httpx.Response(503)
    pauses = []
    while (next_at := (after := look(organisation)).discover_next_at) is not None:
        pauses.append(round((next_at - now()) / timedelta(minutes=1)))

    assert pauses[:6] == [5, 20, 80, 320, 1280, 1440]
    assert set(pauses[5:]) == {1440}
    assert 6 < sum(pauses) / 1440 < 9
    assert problems(after), "the sentence about it was lost"


def test_what_will_not_change_by_itself_is_not_looked_at_again(outside: Outside, organisation: Organisation) -> None:
    outside.website = httpx.Response(200, html="<p>no links</p>")
    after = look(organisation)

    assert after.discover_next_at is None
    assert "links to no X account" in problems(after)[0]


def test_the_sweep_repeats_a_look_when_it_is_due(outside: Outside, app: Flask, organisation: Organisation) -> None:
    outside.website = httpx.Response(503)
    organisation_id = look(organisation).id
    app.extensions["valkey_jobs"].flushdb()
    scope.leave()
    sweep()
    assert _discoveries(app) == 0

    scope.enter(organisation_id)
    after = db.session.get_one(Organisation, organisation_id)
    after.discover_next_at = now()
    db.session.commit()
    scope.leave()
    sweep()
    assert _discoveries(app) == 1


def _discoveries(app: Flask) -> int:
    waiting = queue("ingest", app.extensions["valkey_jobs"]).jobs
    return sum(str(job.func_name).endswith("discover") for job in waiting)


def test_anybody_may_have_the_channels_looked_for_again_but_not_all_the_time(
    outside: Outside, client: FlaskClient, organisation: Organisation, member: Member
) -> None:
    outside.website = httpx.Response(404)
    look(organisation).discovered_at = now() - timedelta(minutes=2)
    db.session.commit()
    scope.leave()
    assert "Look again" in client.get("/channels").text

    answer = client.post("/channels/look", follow_redirects=True)

    assert "Looking for your channels" in answer.text
    assert "Look again" not in answer.text
    outside.website = Outside().website
    assert kinds(look(organisation)) == ["careopinion", "nhsuk", "x"]
    scope.leave()
    assert "Looking for your channels" not in client.post("/channels/look", follow_redirects=True).text


def test_looking_again_links_nothing_twice(outside: Outside, app: Flask, organisation: Organisation) -> None:
    connectors = app.extensions["connectors"]
    app.extensions["connectors"] = registry.build(
        registry.endpoints("http://127.0.0.1:9"), registry.Credentials(), outside.provider
    )
    assert kinds(look(organisation)) == ["careopinion", "nhsuk", "x"]

    app.extensions["connectors"] = connectors  # with a token X gives the number that it knows the account by

    assert kinds(look(organisation)) == ["careopinion", "nhsuk", "x"]


def test_an_organisation_without_a_code_gets_no_card_and_the_reasons(
    outside: Outside, client: FlaskClient, world: World
) -> None:
    unlisted = world.organisation(
        name="Brook Hospice", ods_code=None, web_domain=None, listed=False, discover_next_at=now()
    )
    world.signed_in(client, world.member(unlisted, level=1))

    after = look(unlisted)

    assert kinds(after) == []
    assert outside.provider.asked == []
    scope.leave()
    page = client.get("/channels").text
    assert "Brook Hospice has no ODS code, so NHS.UK reviews" in page
    assert "Brook Hospice has no ODS code, so Care Opinion stories" in page
    assert "Look again" not in page
    assert "Unverified" in page
    assert "Unverified" in client.get("/settings").text
    assert "We are fetching" not in client.get("/welcome").text
    assert "Link a channel" not in client.get("/inbox").text


def test_a_card_says_how_the_channel_was_found_and_how_much_is_there(
    outside: Outside, client: FlaskClient, organisation: Organisation, member: Member
) -> None:
    code = organisation.ods_code
    look(organisation)
    loaded = db.session.scalars(db.select(Channel).filter_by(kind="nhsuk")).one()
    loaded.backfill_state, loaded.items_loaded = "done", 3
    db.session.commit()
    scope.leave()

    page = client.get("/channels").text

    assert re.search(rf"newest first\.\s+Found by ODS code {code}\.", page)
    assert re.search(rf"by themselves\.\s+Found by ODS code {code}\.", page)
    assert "Linked from cedar" in page
    assert "No posts yet." in page


def test_without_script_the_page_that_looks_has_a_link_to_look_at_it_again(
    client: FlaskClient, organisation: Organisation, member: Member
) -> None:
    scope.leave()

    for path in ("/welcome", "/channels"):
        page = client.get(path).text
        assert f'<noscript><p class="card__say"><a href="{path}">' in page


def test_only_who_may_switch_a_channel_off_sees_the_button(
    client: FlaskClient, world: World, organisation: Organisation, member: Member
) -> None:
    channel = world.channel(organisation)
    scope.leave()
    assert "Switch off" in client.get("/channels").text

    world.member(organisation, level=1)
    scope.leave()
    assert "Switch off" not in client.get("/channels").text
    assert client.post(f"/channels/{channel.id}/off").status_code == 403
