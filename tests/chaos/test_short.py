"""The short form of `make chaos`: whatever runs dies, Valkey is emptied, providers misbehave; nothing is lost."""

import pytest

from tests.chaos.channels import KINDS
from tests.chaos.run import Plan, run

SHORT = Plan(
    items=15 * len(KINDS),
    replies=16,
    kills=16,
    seed=5,
    organisations=1,
    seconds=25.0,
    kill_pause=1.6,
    poll_seconds=30,
    look_seconds=1.0,
    drain_seconds=420.0,
)


@pytest.mark.timeout(600)
def test_whatever_dies_everything_is_stored_once_answered_once_and_told() -> None:
    verdict, line = run(SHORT, print)
    assert verdict.good, "\n".join([*verdict.wrong, line])
    assert (verdict.lost, verdict.doubled, verdict.replies_lost, verdict.replies_doubled) == (0, 0, 0, 0)
    assert (verdict.served, verdict.replies) == (verdict.stored, SHORT.replies)
    assert verdict.stored >= SHORT.items
