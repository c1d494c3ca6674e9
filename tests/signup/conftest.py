"""A small register, and people who sign up as a browser without JavaScript would."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.register import store
from healthberry.register.entries import Entry
from tests.signup.newcomer import Newcomer

_KNOWN = text("SELECT EXISTS (SELECT FROM register_words WHERE word = 'quillbury')")
_SOURCE, _DAY = "etr", date(2026, 9, 1)
_ENTRIES = (
    Entry("ZT1", "Quillbury Hospitals NHS Trust", "trust", _SOURCE, _DAY, town="Quillbury", postcode="QB1 1AA",
          nation="England", web_domain="quillburyhospitals.nhs.uk"),
    Entry("ZT2", "Old Quillbury NHS Trust", "trust", _SOURCE, _DAY, town="Quillbury", postcode="QB1 1AB",
          nation="England", closed_on=date(2024, 3, 31), successor_codes=("ZT1",)),
    Entry("ZG1", "Quillbury Surgery", "gp_practice", _SOURCE, _DAY, town="Quillbury", postcode="QB2 2BB",
          nation="England"),
)  # fmt: skip


@pytest.fixture
def providers(database: Database) -> Iterator[None]:
    """A trust with a web domain, a closed one that became part of it, and a practice without a domain."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        store.put(connection, _ENTRIES)
        # Beside the whole register that takes a second, and the words of an earlier test are still known.
        if not connection.execute(_KNOWN).scalar():
            store.index_words(connection)
    yield
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM providers WHERE ods_code IN ('ZT1', 'ZT2', 'ZG1')"))
    engine.dispose()


@pytest.fixture
def newcomer(app: Flask, client: FlaskClient, mailbox: Mailbox, providers: None) -> Newcomer:
    """Somebody before the first page."""
    return Newcomer(app, client, mailbox)
