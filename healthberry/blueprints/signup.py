"""Signing up: which organisation, who you are; the code comes next."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import codes, guard
from healthberry.core import mailboxes, register, signup
from healthberry.core.errors import Invalid
from healthberry.core.register import Hit
from healthberry.core.signup import Choice
from healthberry.extensions import db
from healthberry.register.kinds import KINDS, kind_label

blueprint = Blueprint("signup", __name__, url_prefix="/signup")

_HITS = 8
# Kinds of place that exist only inside the register, or no more.
_NOT_TYPED = {"ccg", "sub_icb", "trust_site"}


@blueprint.get("")
@guard.public
def index() -> str:
    """Search the organisation; works as a plain form too."""
    query = _query()
    errors = {"q": "Enter a name, town, postcode or ODS code"} if "q" in request.args and not query else {}
    return _index(query, errors)


@blueprint.get("/providers")
@guard.public
def providers() -> Response | str:
    """Return the list of hits for what has been typed so far."""
    query = _query()
    return render_template("signup/_hits.html", q=query, hits=_search(query))


@blueprint.get("/unlisted")
@guard.public
def unlisted() -> str:
    """Ask about an organisation that the register does not have."""
    return _unlisted(request.args.get("organisation", "")[:200])


@blueprint.post("/unlisted")
@guard.public
def add_unlisted() -> ResponseReturnValue:
    """Check what was typed about the organisation and go on to the person."""
    try:
        choice = _typed(request.form)
    except Invalid as error:
        return _unlisted(request.form.get("organisation", "")[:200], {error.field: error.reason}), 422
    return redirect(url_for("signup.you", organisation=choice.name, kind=choice.kind, town=choice.town), 303)


@blueprint.get("/you")
@guard.public
def you() -> ResponseReturnValue:
    """Ask for name and work e-mail address."""
    try:
        choice = _choice(request.args)
    except Invalid as error:
        return _index("", {"q": error.reason}), 422
    return _you(choice)


@blueprint.post("/you")
@guard.public
def send_code() -> ResponseReturnValue:
    """Send the code to the address, whoever it may belong to."""
    try:
        choice = _choice(request.form)
    except Invalid as error:
        return _index("", {"q": error.reason}), 422
    errors, values = {}, {}
    for field, check in (("name", signup.person), ("email", mailboxes.normalise)):
        try:
            values[field] = check(request.form.get(field, "")[:1000])
        except Invalid as error:
            errors[field] = error.reason
    if errors:
        return _you(choice, errors), 422
    return codes.send_code("signup", values["email"], choice.subject, name=values["name"])


def _query() -> str:
    return signup.plain(request.args.get("q", "")[:200])


def _search(query: str) -> list[Hit]:
    return list(register.search(db.session(), query, _HITS)) if query else []


def _index(query: str, errors: dict[str, str]) -> str:
    listed = register.count_open(db.session())
    return render_template("signup/index.html", q=query, hits=_search(query), listed=listed, errors=errors)


def _choice(given: Mapping[str, str]) -> Choice:
    return signup.choose(given["ods"]) if given.get("ods") else _typed(given)


def _typed(given: Mapping[str, str]) -> Choice:
    return signup.typed(*(given.get(field, "")[:500] for field in ("organisation", "kind", "town")))


def _you(choice: Choice, errors: dict[str, str] | None = None) -> str:
    return render_template("signup/you.html", choice=choice, given=request.form, errors=errors or {})


def _unlisted(name: str, errors: dict[str, str] | None = None) -> str:
    kinds = {kind: kind_label(kind) for kind in KINDS if kind not in _NOT_TYPED}
    return render_template("signup/unlisted.html", name=name, given=request.form, kinds=kinds, errors=errors or {})
