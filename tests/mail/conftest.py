"""Mail servers of every temper for these tests."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.mail.outgoing import MailServers


@pytest.fixture
def mail_servers() -> Iterator[MailServers]:
    """Start mail servers of any temper; they end with the test."""
    servers = MailServers()
    yield servers
    servers.stop()


@pytest.fixture
def use_mail_server(app: Flask) -> Callable[[str], None]:
    """Let the application hand its mail over at this address."""

    def use(url: str) -> None:
        app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], mail_url=url)

    return use
