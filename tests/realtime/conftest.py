"""Open pages, as a browser holds them: over the test client, and over a real web server."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from healthberry.models.organisations import Member
from healthberry.realtime.hub import Hub, hub_of
from healthberry.settings import Settings
from tests.environment import environment_of
from tests.realtime.pages import Page, cookie_of, open_page, open_remote_page
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]

Open = Callable[..., Page]


@pytest.fixture(autouse=True)
def no_hub_left(app: Flask) -> Iterator[None]:
    """Stop the hub that the first stream started."""
    yield
    if "hub" in app.extensions:
        app.extensions["hub"].stop()


@pytest.fixture
def hub(app: Flask) -> Hub:
    """The hub of the test's own process, listening to the bus."""
    hub = hub_of(app)
    assert hub.listening.wait(10)
    return hub


@pytest.fixture
def open_stream(app: Flask, hub: Hub, world: World) -> Iterator[Open]:
    """Open a page's stream: `open_stream(member, "view=inbox", after=0)`; closed at the end."""
    pages: list[Page] = []

    def open_one(member: Member, query: str = "view=inbox", after: int | None = None, last_event_id: str = "") -> Page:
        with app.app_context():  # a session of its own, as in another process
            pages.append(open_page(world.signed_in(app.test_client(), member), query, after, last_event_id))
        return pages[-1]

    yield open_one
    for page in pages:
        page.close()


@pytest.fixture
def server(app: Flask, settings: Settings) -> Iterator[int]:
    """A real web server with two gevent workers over the same database and bus; its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--bind", f"fd://{listener.fileno()}", "wsgi:app"],
        cwd=ROOT,
        env=environment_of(settings),
        pass_fds=[listener.fileno()],
    )
    yield listener.getsockname()[1]
    process.terminate()
    process.wait(20)
    listener.close()


@pytest.fixture
def open_remote(app: Flask, server: int, world: World) -> Iterator[Open]:
    """Open a page's stream at the real web server."""
    pages: list[Page] = []

    def open_one(member: Member, query: str = "view=inbox", after: int | None = None, last_event_id: str = "") -> Page:
        pages.append(open_remote_page(server, cookie_of(app, member), query, after, last_event_id))
        return pages[-1]

    yield open_one
    for page in pages:
        page.close()
