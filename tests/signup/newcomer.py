"""Somebody on their way in: types, reads their mail, presses buttons."""

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthberry.core import members, scope
from healthberry.extensions import db
from healthberry.local.letters import Letter
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Member
from tests.mail.outgoing import work


class Newcomer:
    """One browser and one mailbox program."""

    def __init__(self, app: Flask, client: FlaskClient, mailbox: Mailbox) -> None:
        self.app, self.client, self.mailbox = app, client, mailbox

    def other_browser(self) -> "Newcomer":
        """Somebody else, or the same person on another device."""
        return Newcomer(self.app, self.app.test_client(), self.mailbox)

    def sign_up(self, email: str, ods: str = "ZT1", name: str = "Priya Kaur", **more: str) -> TestResponse:
        """Fill in the second page and ask for the code."""
        return self.client.post("/signup/you", data={"ods": ods, "name": name, "email": email, **more})

    def ask(self, email: str, wanted: str = "") -> TestResponse:
        """Ask for a code on the sign-in page."""
        return self.client.post("/signin", data={"email": email, "next": wanted})

    def letter(self, email: str) -> Letter:
        """Return the newest letter to this address, once the worker has sent what waits."""
        work(self.app)
        return next(letter for letter in self.mailbox.messages() if letter.to == [email])

    def code(self, email: str) -> str:
        """Read the code in the newest letter."""
        found = re.match(r"(\d{3} \d{3}) is your HealthBerry code", self.letter(email).subject)
        assert found
        return found[1]

    def link(self, email: str) -> str:
        """Read the path of the link in the newest letter."""
        found = re.search(r"http://localhost(/\S+)", self.letter(email).text)
        assert found
        return found[1]

    def type_code(self, code: str) -> TestResponse:
        """Type a code on the page that asks for it."""
        return self.client.post("/code", data={"code": code})

    def joins(self, email: str, ods: str = "ZT1", name: str = "Priya Kaur", **more: str) -> Member:
        """Go all the way, and return who they have become."""
        assert self.sign_up(email, ods, name, **more).status_code == 303
        answer = self.type_code(self.code(email))
        assert answer.headers["Location"] == "/welcome", answer.text
        return self.member(email)

    def member(self, email: str) -> Member:
        """Return the one member with this address, fresh from the database."""
        with self.app.app_context():
            scope.leave()
            (membership,) = members.memberships_of(email)
            scope.enter(membership.organisation_id)
            member = members.present(membership.organisation_id, membership.member_id)
            assert member is not None
            db.session.expunge(member)
            return member
