"""Everybody in the register can be chosen."""

from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.models.providers import Provider


def test_every_kind_of_provider_can_be_chosen(app: Flask, client: FlaskClient, register: None) -> None:
    with app.app_context():
        oddest = db.select(Provider.kind, db.func.max(Provider.ods_code)).where(Provider.closed_on.is_(None))
        codes = dict(iter(db.session.execute(oddest.group_by(Provider.kind))))
        hyphens = db.select(Provider.ods_code).where(Provider.ods_code.contains("-"), Provider.closed_on.is_(None))
        codes["with a hyphen"] = db.session.scalars(hyphens.limit(1)).one()

    answers = {kind: client.get("/signup/you", query_string={"ods": code}).status_code for kind, code in codes.items()}

    assert len(answers) >= 12
    assert set(answers.values()) == {200}
