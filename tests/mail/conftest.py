"""Mail servers of every temper for these tests."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from healthberry.extensions import mail
from healthberry.mail.send import mail_config
from healthberry.setting_values import mail_server
from tests.mail.outgoing import MailServers
from tests.signup.conftest import providers

__all__ = ["mail_servers", "providers", "use_mail_server"]


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
        app.config.update(mail_config(mail_server(url)))
        mail.init_app(app)

    return use
