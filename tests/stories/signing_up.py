"""Signing up as a browser without JavaScript does."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox


def sign_up(client: FlaskClient, mailbox: Mailbox, work: Callable[[], None], *, ods_code: str, email: str) -> None:
    """Choose the organisation, give name and address, type the code from the mail."""
    answer = client.post("/signup/you", data={"ods": ods_code, "name": "Pat Reader", "email": email})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    work()
    mail = mailbox.wait_for(lambda message: email in str(message.to), 20)
    code = re.search(r"\b(\d{3}) (\d{3})\b", mail.text)
    assert code is not None, mail.text
    entered = client.post("/code", data={"code": code.group(0)})
    assert entered.status_code == 303, entered.get_data(as_text=True)
