"""What the tests of sessions share."""

import pytest
from flask import Flask, g

from healthberry.core import scope
from tests.session.openid_desk import issuer, served, ward
from tests.signup.conftest import newcomer, providers

__all__ = ["issuer", "newcomer", "providers", "served", "ward"]


@pytest.fixture(autouse=True)
def each_request_by_itself(app: Flask) -> None:
    """Let every request find out anew who asks.

    `world` keeps one application context open for the whole test, and requests of several browsers would share it.
    """

    @app.before_request
    def forget_who_asked_before() -> None:
        g.pop("_login_user", None)
        g.pop("refusing", None)
        scope.leave()
