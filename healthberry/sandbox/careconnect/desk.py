"""The desk of the call centre: where problems go, the form that hands one over, and what became of each."""

from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input as given
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Unusable
from healthberry.sandbox.views import missing

from . import handing
from .fields import FIELDS, IMAGES, NAMES
from .handing import Outcome, Picture

if TYPE_CHECKING:
    from .site import CallCentre

blueprint = Blueprint("careconnect", __name__)
control = Blueprint("careconnect_control", __name__, url_prefix="/control")
given.refuse(control)


@blueprint.get("/write/careconnect")
def start() -> ResponseReturnValue:
    """Go to the desk of the organisation that is asked for; its form has more fields than those of other sites."""
    place = request.args.get("place", "")
    if place and _site().accepts(place):
        return redirect(_site().page(place), 303)
    return render_template("careconnect/start.html", site=_site())


@blueprint.get("/careconnect/<place>")
def show(place: str) -> ResponseReturnValue:
    """Show where its problems go, the form, and what was handed over."""
    if not _site().accepts(place):
        return missing()
    key = _site().place_key(place)
    return _page(key, _blank(key))


@blueprint.post("/careconnect/<place>/link")
def save_link(place: str) -> ResponseReturnValue:
    """Say where its problems go, with the user name and the password that were shown once."""
    if not _site().accepts(place):
        return missing()
    key = _site().place_key(place)
    try:
        _linked(key, *(request.form.get(name, "") for name in ("address", "user", "password")))
    except Unusable as wrong:
        return _page(key, _blank(key), wrong_link=str(wrong)), 422
    return redirect(_site().page(key), 303)


@blueprint.post("/careconnect/<place>/problems")
def hand_over(place: str) -> ResponseReturnValue:
    """Hand one problem over, and show what was answered; a refused one stays in the form."""
    if not _site().accepts(place):
        return missing()
    key = _site().place_key(place)
    typed = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in NAMES}
    if handing.link_of(here().store, key) is None:
        return _page(key, typed, wrong_link="Say first where problems go."), 422
    problem = {name: value for name, value in typed.items() if value}
    outcome = _site().handed_over(here(), key, problem, _pictures())[1]
    if outcome.status == 201:
        return redirect(_site().page(key) + "#handed", 303)
    return _page(key, typed, outcome), 422


@control.post("/careconnect")
def configure() -> ResponseReturnValue:
    """Say where problems go: `{ods_code, address, user, password}`."""
    body = given.body()
    place = _site().checked(str(body.get("ods_code") or ""))
    _linked(place, *(str(body.get(name) or "") for name in ("address", "user", "password")))
    return jsonify(ods_code=place), 201


@control.get("/careconnect/<place>")
def listed(place: str) -> ResponseReturnValue:
    """List the newest 50 that were handed over, or `?most=…`, newest first: item_id, status, reference, answer."""
    rows = handing.handed(here().store, _site().place_key(place), request.args.get("most", 50, type=int))
    return jsonify(handed=[{name: row[name] for name in ("item_id", "status", "reference", "answer")} for row in rows])


def _linked(place: str, address: str, user: str, password: str) -> None:
    if not user.strip() or not password.strip():
        raise Unusable("Enter the user name and the password that HealthBerry showed.")
    address = handing.checked(address, anywhere=here().settings.careconnect_anywhere)
    handing.set_link(here().store, place, address, user, password)


def _blank(place: str) -> dict[str, str]:
    return {field.name: field.preset for field in FIELDS} | {"organisation": place}


def _pictures() -> tuple[Picture, ...]:
    files = [(name, request.files[name]) for name in IMAGES if name in request.files and request.files[name].filename]
    return tuple(Picture(name, file.filename or name, file.mimetype, file.stream.read()) for name, file in files)


def _page(place: str, typed: dict[str, Any], outcome: Outcome | None = None, wrong_link: str = "") -> str:
    store = here().store
    return render_template(
        "careconnect/desk.html",
        site=_site(),
        place=place,
        to=handing.link_of(store, place),
        fields=FIELDS,
        images=IMAGES,
        typed=typed,
        outcome=outcome,
        wrong_link=wrong_link,
        handed=handing.handed(store, place),
    )


def _site() -> "CallCentre":
    return cast("CallCentre", here().sites["careconnect"])
