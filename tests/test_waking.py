"""A web process is ready before it is asked."""

from dataclasses import replace

import pytest
from sqlalchemy.pool import QueuePool

from healthberry import create_app
from healthberry.extensions import db
from healthberry.settings import Settings
from healthberry.waking import wake


def test_it_has_opened_every_connection_that_it_may_hold_and_uses_none(settings: Settings) -> None:
    app = create_app(settings)
    wake(app)
    with app.app_context():
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.checkedin(), pool.checkedout()) == (pool.size(), 0)
        db.engine.dispose()


def test_a_database_and_a_queue_that_do_not_answer_yet_stop_nothing(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = "postgresql://nobody:nothing@127.0.0.1:9/none"
    app = create_app(replace(settings, database_url=nowhere, redis_url="redis://127.0.0.1:9/0"))
    wake(app)
    said = capsys.readouterr().err
    assert "woke_without_database" in said
    assert "nothing" not in said
