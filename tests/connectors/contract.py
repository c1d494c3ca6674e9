"""What every connector promises is tested in test_contract_….py, for each kind to which the question applies.

Walked over real HTTP against the sandbox, which shares no code with the connectors.
"""

from collections.abc import Callable

import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Capabilities
from tests.connectors.cases import Case, Kind, made
from tests.connectors.conftest import CREDENTIALS, Sandbox
from tests.connectors.kinds import KINDS

# Building opens no connection: what each kind can do is known before any test runs.
CONNECTORS = registry.build(registry.endpoints(None), CREDENTIALS)


def _of(applies: Callable[[Kind, Capabilities], bool]) -> list[str]:
    capabilities = {connector.kind: connector.capabilities for connector in CONNECTORS}
    return [kind for kind in CONNECTORS.kinds if kind in KINDS and applies(KINDS[kind], capabilities[kind])]


def _each(applies: Callable[[Kind, Capabilities], bool]) -> pytest.MarkDecorator:
    """Run a test for those kinds to which it applies."""
    return pytest.mark.parametrize("case", _of(applies), indirect=True)


READ = _each(lambda kind, can: can.poll_seconds is not None)
REPEATED = _each(lambda kind, can: can.poll_seconds is not None and can.backfills)
WALKED = _each(lambda kind, can: can.backfills)
IN_ORDER = _each(lambda kind, can: can.backfills and kind.newest_first)
KEYED = _each(lambda kind, can: can.poll_seconds is not None and kind.keyed)
RECHECKED = _each(lambda kind, can: can.rechecks and can.poll_seconds is not None and kind.changes)
BY_CODE = _each(lambda kind, can: kind.by_code)
ON_THE_SITE = _each(lambda kind, can: kind.on_site and can.reply != "none")
BY_API = _each(lambda kind, can: can.reply == "api" and can.poll_seconds is not None)
ANSWERED = _each(lambda kind, can: can.reply != "none" and can.poll_seconds is not None)
WITHDRAWN = _each(lambda kind, can: can.withdraws)
NOT_WITHDRAWN = _each(lambda kind, can: not can.withdraws and can.reply == "api")
ENDED = _each(lambda kind, can: kind.ends)
FAULTY = pytest.mark.parametrize(
    ("case", "fault"),
    [(kind, fault) for kind in _of(lambda kind, can: can.backfills) for fault in KINDS[kind].faults],
    indirect=["case"],
)


@pytest.fixture
def case(request: pytest.FixtureRequest, sandbox: Sandbox) -> Case:
    """An organisation of its own at the sandbox, and a connector that reads it."""
    return made(KINDS[request.param], sandbox)
