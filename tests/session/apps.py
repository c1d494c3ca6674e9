"""An authenticator app on somebody's phone, for the tests of the second step."""

import pyotp
from flask import Flask
from sqlalchemy.orm import Session

from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.sign_in import SecondStep


class Phone:
    """An app that is set up for `member`; it shows the digits of now, or of `steps` half minutes later."""

    def __init__(self, app: Flask, member: Member) -> None:
        self.app, self.member = app, member
        self.secret = pyotp.random_base32()
        sealed = app.extensions["vault"].seal({"secret": self.secret})
        self._store(sealed=sealed, confirmed_at=now(), last_step=0, wrong=0)

    def digits(self, steps: int = 0) -> str:
        """Return what it shows."""
        return pyotp.TOTP(self.secret).at(now(), counter_offset=steps)

    def wrong(self) -> str:
        """Return six digits that it shows neither now nor in the minutes around."""
        shown = {self.digits(steps) for steps in range(-3, 4)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in shown)

    def forget_use(self) -> None:
        """Let time pass, as far as digits that were used are concerned."""
        self._store(last_step=0)

    def _store(self, **fields: object) -> None:
        org, member_id = self.member.organisation_id, self.member.id
        with self.app.app_context(), Session(db.engine, info={"organisation_id": org}) as session:
            row = session.get(SecondStep, (org, member_id)) or SecondStep(organisation_id=org, id=member_id)
            for name, value in fields.items():
                setattr(row, name, value)
            session.add(row)
            session.commit()
