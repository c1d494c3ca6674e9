"""Whole journeys: web, workers, mailbox and sandbox together."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.settings import Settings
from tests.browser.conftest import chromium, look, site
from tests.sandbox_server import KEYS, Sandbox
from tests.serving import files_read_first, serving
from tests.stories.days import later
from tests.stories.loop import DOMAIN, TRUST, sign_up
from tests.stories.quiet import listening, told
from tests.worked import run_jobs

__all__ = ["chromium", "look", "site"]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """The settings of a journey: every channel is the sandbox's, with an NHS.UK account that can't publish by API."""
    keys: dict[str, Any] = {name.lower(): value for name, value in KEYS.items() if "PUBLISHER" not in name}
    return replace(settings, sandbox_url=sandbox.url, **keys)


@pytest.fixture(autouse=True)
def quiet(app: Flask, owner: psycopg.Connection) -> Iterator[None]:
    """No journey may leave a word of anybody's, a name, an address or a secret in the log."""
    with listening() as heard:
        yield
    assert told(heard.lines, owner, list(KEYS.values())) == []


@pytest.fixture
def outside(app: Flask) -> Iterator[str]:
    """The address of the running application, as another system reaches it."""
    with serving(make_server("127.0.0.1", 0, files_read_first(app), threaded=True), to_the_end=True) as address:
        yield address


@pytest.fixture
def work(app: Flask) -> Callable[[], None]:
    """Run every job that waits, and those that they make, until there is nothing left to do."""

    return partial(run_jobs, app)


@pytest.fixture
def tick(app: Flask, database: Database, work: Callable[[], None]) -> Callable[[], None]:
    """Let the time come for everything that waits for its time (polls, retries), then do the work."""

    def run() -> None:
        later(
            database,
            app,
            work,
            "UPDATE channels SET next_poll_at = now(), backfill_next_at = now()",
            "UPDATE replies SET next_attempt_at = now() WHERE state IN ('queued', 'copied', 'unknown')",
            "UPDATE outbox_mails SET next_attempt_at = now() WHERE state = 'queued'",
        )

    return run


@pytest.fixture
def organisation(client: FlaskClient, mailbox: Mailbox, work: Callable[[], None], register: None) -> None:
    """Sign a trust up."""
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    mailbox.clear()
