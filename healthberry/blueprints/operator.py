"""The operator's page: how the whole installation does. Its people are named in OPERATORS."""

import functools
from collections.abc import Callable
from typing import ParamSpec
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from rq import Worker
from rq.registry import FailedJobRegistry, StartedJobRegistry
from werkzeug.wrappers import Response

from healthberry.blueprints import codes, guard
from healthberry.blueprints.audit import below
from healthberry.core import audit as audit_entries
from healthberry.core import audit_log, disputes, events, failed_work, installation, mailboxes, operator_sessions
from healthberry.core.errors import Invalid, NotFound
from healthberry.extensions import part
from healthberry.models.sign_in import OperatorSession
from healthberry.queues import QUEUES, queue

blueprint = Blueprint("operator", __name__, url_prefix="/operator")

P = ParamSpec("P")


def operator_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let in whoever proved a mailbox that OPERATORS names, and then their app, as long as a sign-in lasts.

    Others are led to prove it; who has no app yet, to set one up.
    """

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        row = this_session()
        if row is None:
            return lead("operator.sign_in")
        if row.stepped_at is None:
            return lead("operator_step.show")
        _note_use(row)
        return view(*args, **kwargs)

    return guard.declares(guard.OPERATOR)(guarded)


def this_session() -> OperatorSession | None:
    """Return the session of the operator who proved their mailbox in this browser; None where it is over."""
    return operator_sessions.known(session.get(guard.OPERATOR_SESSION))


def _note_use(row: OperatorSession) -> None:
    """Note when the desk was used last: what a page asks for by itself is no use of it."""
    if request.headers.get("HX-Request") != "true" and operator_sessions.use(row):
        events.commit()


def operator_name() -> str:
    """Return the address by which the operator of this browser signed in."""
    row = this_session()
    return row.email if row else ""


@blueprint.get("")
@operator_only
def index() -> ResponseReturnValue:
    """Show the state of everything; the same address gives the part that changes, which the page asks for again."""
    template = "operator/_status.html" if request.headers.get("HX-Request") == "true" else "operator/index.html"
    page = render_template(
        template,
        figures=installation.figures(),
        lines=installation.channels(),
        quotas=installation.quotas(),
        queries=installation.slowest_queries(),
        queues=_queues(),
        failed=failed_work.listed(),
        most=installation.MOST_CHANNELS,
        disputes=disputes.waiting_count(),
    )
    events.commit()
    return page


@blueprint.get("/audit")
@operator_only
def audit() -> str:
    """Show what operators did, the newest first."""
    return render_template("operator/audit.html", page=audit_log.of_installation(below(request.args.get("below", ""))))


@blueprint.post("/failed/retry")
@operator_only
def retry() -> Response:
    """Let one piece of failed work, or all, be tried at the next sweep; again: it is being tried already."""
    wanted = request.form.get("work", "")
    try:
        failed_work.retry(None if wanted == "all" else UUID(wanted))
    except ValueError as error:
        raise NotFound from error
    audit_entries.operated("work_retried", operator_name(), "work", wanted)
    events.commit()
    return redirect(url_for("operator.index", _anchor="failed"), 303)


@blueprint.get("/sign-in")
@guard.public
def sign_in() -> ResponseReturnValue:
    """Ask for the operator's address."""
    return redirect(url_for("operator.index"), 303) if this_session() else _form()


@blueprint.post("/sign-in")
@guard.public
def send_code() -> ResponseReturnValue:
    """Send a code; the answer is the same whether or not the address is an operator's."""
    typed = request.form.get("email", "")[:300]
    try:
        return codes.send_code("operator", mailboxes.normalise(typed))
    except Invalid as error:
        return _form(typed, {error.field: error.reason}), 422


@blueprint.post("/sign-out")
@guard.public
def sign_out() -> Response:
    """Sign out on this browser."""
    row = this_session()
    if row:
        audit_entries.operated("signed_out", row.email)
    return guard.signed_out()


def _form(email: str = "", errors: dict[str, str] | None = None) -> str:
    return render_template("operator/sign_in.html", email=email, errors=errors or {})


def lead(endpoint: str) -> Response:
    """Lead there, also from a part of a page."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=401, headers={"HX-Redirect": url_for(endpoint)})
    return redirect(url_for(endpoint), 303)


def _queues() -> dict[str, object] | None:
    """Return what waits, runs and failed in each queue, and the workers; None where the queue does not answer."""
    valkey = part("valkey_jobs")
    try:
        rows = []
        for name in QUEUES:
            one = queue(name, valkey)
            failed, started = FailedJobRegistry(queue=one), StartedJobRegistry(queue=one)
            rows.append({"name": name, "waiting": one.count, "running": started.count, "failed": failed.count})
        workers = [
            {"name": one.name[:24], "state": str(one.get_state()), "queues": ", ".join(one.queue_names())}
            for one in Worker.all(connection=valkey)
        ]
    except RedisError:
        return None
    return {"rows": rows, "workers": workers}
