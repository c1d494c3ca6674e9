"""The second wall alone: with the organisation's filter out of a query of core, nothing of another organisation comes.

Pages, forms and jobs send their statements once as they are. Then each is sent again without one of its comparisons of
an organisation, for each comparison, as the application's role: with a twin organisation that has all the same rows in
the database, and after that twin is gone. What the others have must change no answer. Sent by a role that row-level
security does not hold back, the same mutants tell what the twin has: they are mutants indeed.

More statements than these: `pytest -p tests.security.every_query tests/core … tests/security/test_mutants.py`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextvars import Context
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from healthberry.core import keeping_nights, scope, sweep
from healthberry.core.events import commit
from healthberry.extensions import db
from healthberry.jobs import keeping, maintenance
from healthberry.local.postgres import SUPERUSER, Database, LocalPostgres
from tests.imagined import kinds
from tests.policy import desk as desks
from tests.policy import forms
from tests.policy import test_routes as routes
from tests.security.mutants import Mutant, Sent, answer, comparisons, lines_run
from tests.security.twins import Twin
from tests.signup.conftest import providers

__all__ = ["kinds", "providers"]
log = logging.getLogger(__name__)
theirs, settings, desk = routes.theirs, desks.settings, desks.desk

_WHOLE_RUN = "tests.security.every_query"
_SPARE: dict[str, Any] = {"filename": "x", "token": "t", "kind": "x", "key": "k", "code_id": UUID(int=1)}
_FIELDS = {"reason": "spam", "text": "Hello", "version": "1", "role": "viewer", "until": "tomorrow", "assignee": ""}
_ENDING = ("static", "stream.follow", "session.sign_out", "settings.sign_out_everywhere")
_JOBS = {"night": keeping.let_go, "erasure": keeping.erase, "erase": maintenance.erase}


@pytest.fixture
def unwalled(postgres: LocalPostgres) -> Iterator[psycopg.Connection]:
    """A connection that row-level security does not hold back."""
    with psycopg.connect(postgres.url(SUPERUSER, "healthberry_tests"), autocommit=True) as connection:
        yield connection


def _open(app: Flask, desk: desks.Desk, theirs: routes.Theirs) -> None:
    """Open every page with our ids and with theirs; send to every other route with theirs."""
    browser = desk.browser()
    with browser.session_transaction() as session:
        session.pop("code")  # none was sent
    for rule, method in routes._rules(app):
        for ids in ({**_SPARE, **desk.ids}, {**vars(theirs), **_SPARE}):
            ours = ids["channel_id"] != theirs.channel_id
            asked = method == "GET" if ours else rule.arguments & vars(theirs).keys()
            if asked and rule.endpoint not in _ENDING:
                given = _FIELDS if method != "GET" else None
                browser.open(routes._path(app, rule, ids), method=method, data=given).close()


def _fill_in(desk: desks.Desk, twin: Twin) -> None:
    """Send every form as it should be, and give the twin what each made."""
    for form in forms.FORMS:
        assert desk.send(form, htmx=True).status_code < 500
        twin.grow()


def _work(app: Flask, desk: desks.Desk, twin: Twin) -> None:
    """Do what is let go: of one author, of a night, of an unlinked channel."""
    erasing, unlinking = (
        forms.Form(
            "erasing.erase", {"who": "<writer>", "confirm": "on", "reference": "IG-7", "answers": "", "notes": ""}
        ),
        forms.Form("channels.unlink", {"keep": "erased"}),
    )
    for form in (erasing, unlinking):
        desk.send(form, htmx=False)
        with app.app_context():
            keeping_nights.begin()
            commit()
            due = [one for one in sweep.due_work() if one.organisation_id == str(desk.member.organisation_id)]
            scope.leave()
            twin.grow()
        for one in due:
            if one.kind in _JOBS:
                _JOBS[one.kind](one.organisation_id, one.id)


def _everything(app: Flask, desk: desks.Desk, theirs: routes.Theirs, twin: Twin) -> None:
    _open(app, desk, theirs)
    _fill_in(desk, twin)
    _work(app, desk, twin)


def _answers(
    database: Database, ours: UUID, unwalled: psycopg.Connection, mutants: Sequence[Mutant]
) -> list[list[Any]]:
    """Return what each mutant is answered behind the wall, in our organisation, and before it."""
    with psycopg.connect(database.app_url, autocommit=True) as walled:
        walled.execute("SELECT set_config('app.organisation_id', %s, false)", (str(ours),))
        behind = [answer(walled, one) for one in mutants]
    return [behind, [answer(unwalled, one) for one in mutants]]


def test_nothing_of_another_organisation_comes_out_of_a_query_without_its_filter(
    request: pytest.FixtureRequest,
    app: Flask,
    theirs: routes.Theirs,
    desk: desks.Desk,
    database: Database,
    unwalled: psycopg.Connection,
) -> None:
    ours = desk.member.organisation_id
    sent, twin = Sent(), Twin(unwalled, ours, theirs.organisation_id)
    scope.leave()
    with sent.recorded(db.engine), lines_run() as run:
        Context().run(_everything, app, desk, theirs, twin)
    whole_run = request.config.pluginmanager.get_plugin(_WHOLE_RUN)
    if whole_run:
        run |= whole_run.RUN
        for words, sets in whole_run.SENT.seen.items():
            sent.seen[words] = [*sent.seen[words], *sets][:3]

    mutants = list(sent.mutants(ours, twin.rows()))
    among_others = _answers(database, ours, unwalled, mutants)
    twin.leave_ours_alone()
    alone = _answers(database, ours, unwalled, mutants)
    behind, before = (
        [one != two for one, two in zip(*pair, strict=True)] for pair in zip(among_others, alone, strict=True)
    )

    through = [one for one, differs in zip(mutants, behind, strict=True) if differs]
    leaking = {one.whole for one, differs in zip(mutants, before, strict=True) if differs}
    filters, met = comparisons(), comparisons() & run
    log.warning(
        "%d statements, %d mutants: %d come through the wall; without it %d of the statements leak (%d mutants)."
        " Of %d filters in core %d were used; not these: %s",
        *(len(sent.seen), len(mutants), len(through), len(leaking), sum(before), len(filters), len(met)),
        sorted(filters - met),
    )
    failed = [one for one in among_others[1] if isinstance(one, str)]
    assert len(failed) < 0.02 * len(mutants), f"mutants are statements that can be sent: {failed}"
    assert through == []
    assert len(leaking) > 0.6 * len(sent.seen), "without the wall, most of them do"
    assert len(met) > 0.5 * len(filters), "and they are of most of core's filters"
