"""Small work is done piece after piece by one process; what goes wrong with one piece stops no other."""

from typing import Any

import pytest
from flask import Flask
from rq.job import Job

from healthberry.core import failed_work
from healthberry.jobs import alerts, batches, pushes
from healthberry.jobs.worker import BerryWorker
from healthberry.queues import queue
from tests.mail.outgoing import outbox_of
from tests.world import World

pytestmark = pytest.mark.usefixtures("context")


def _queued(app: Flask, name: str) -> list[Job]:
    return queue(name, app.extensions["valkey_jobs"]).get_jobs()


def test_a_piece_that_waits_is_there_once_and_one_round_is_begun_for_all(app: Flask) -> None:
    for piece in ("a", "b", "a"):
        batches.nudge(pushes.take, piece, piece)

    assert app.extensions["valkey"].zrange("hb:batch:delivery", 0, -1) == [b"a:a", b"b:b"]
    assert [job.func_name for job in _queued(app, "ingest")] == ["healthberry.jobs.pushes.take_each"]


def test_a_round_does_all_that_waits_whatever_becomes_of_one_and_the_next_begins_anew(app: Flask, world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    world.arrives(world.channel(organisation), world.item(), world.item())
    first, second = outbox_of(organisation.id)
    batches.nudge(alerts.send_mail, "no organisation", "no mail")
    for mail in (first, second):
        batches.nudge(alerts.send_mail, str(organisation.id), str(mail.id))
    alerts.send_each()

    assert [mail.state for mail in outbox_of(organisation.id)] == ["sent", "sent"]
    assert app.extensions["valkey"].zcard("hb:batch:send_mail") == 0
    before = len(_queued(app, "alerts"))
    batches.nudge(alerts.send_mail, str(organisation.id), str(first.id))
    assert len(_queued(app, "alerts")) == before + 1


def test_what_a_round_had_in_hand_when_it_was_killed_counts_as_failed(app: Flask, world: World) -> None:
    channel = world.channel(world.organisation())
    batches.nudge(pushes.take, str(channel.organisation_id), str(channel.id))
    (round_job,) = _queued(app, "ingest")
    piece = f"{pushes.take.kind} {channel.organisation_id}:{channel.id}"
    app.extensions["valkey"].set(f"hb:in-hand:{round_job.id}", piece)
    killed: Any = BerryWorker(app, ["ingest"])
    killed.handle_work_horse_killed(round_job, 0, 9, None)

    (listed,) = failed_work.listed()
    assert (listed.kind, listed.subject_id, listed.reason) == ("delivery", channel.id, "Killed")
    assert app.extensions["valkey"].get(f"hb:in-hand:{round_job.id}") is None
