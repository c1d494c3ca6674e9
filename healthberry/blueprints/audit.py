"""Settings: the audit log of the organisation, searched, read a page at a time, and taken out as a file."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.blueprints import audit_words, guard
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import audit_log, events
from healthberry.core.audit_log import Wanted
from healthberry.insight import csv_rows
from healthberry.models.owned import now

blueprint = Blueprint("audit", __name__)
blueprint.record_once(lambda state: state.app.jinja_env.globals.update(audit_words=audit_words))

_URL = "/settings/audit"


@blueprint.get(_URL)
@signed_in
@needs("manage")
def index() -> ResponseReturnValue:
    """Show what was done, the newest first, narrowed to what is looked for."""
    wanted = Wanted.from_args(request.args)
    page = audit_log.page(member(), wanted, below(request.args.get("below", "")))
    return render_template("audit/index.html", page=page, wanted=wanted, actions=audit_words.ACTIONS)


@blueprint.post(_URL + "/export")
@signed_in
@needs("manage")
@guard.proven(guard.RECENTLY)
def export() -> Response:
    """Give what is looked for as a CSV file; that it was taken is in the log."""
    taken = audit_log.export(member(), Wanted.from_args(request.form))
    events.commit()
    rows = (audit_words.row(entry, taken.names) for entry in taken.entries)
    response = Response(csv_rows.written(audit_words.COLUMNS, rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{now():%Y-%m-%d}.csv"'
    return response


def below(given: str) -> int:
    """Return the number that a page ends above; 0, the newest page, for what is no number."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
