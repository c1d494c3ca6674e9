"""What commands work in: the application as the settings say, the database, and a transaction that ends."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask
from sqlalchemy import Engine, create_engine

from healthberry.application import create_app
from healthberry.core import events
from healthberry.extensions import db
from healthberry.settings import Settings

T = TypeVar("T")


def app() -> Flask:
    """Return the application. Raises: SettingsError."""
    return create_app(Settings.load())


def in_app(act: Callable[[], T]) -> T:
    """Do something inside the application, and commit it."""
    with app().app_context():
        try:
            done = act()
            events.commit()
        finally:
            events.forget()  # what was refused holds a connection still
            db.engine.dispose()
        return done


def owner() -> Engine:
    """Return the database as its owner, who may change its tables. Raises: SettingsError."""
    return create_engine(Settings.load().sqlalchemy_owner_url)
