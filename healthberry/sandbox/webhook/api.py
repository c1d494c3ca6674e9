"""Where the survey takes answers back, its page for staff, and what only it needs of the control API."""

from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input as given
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row, Store
from healthberry.sandbox.telling import Unusable
from healthberry.sandbox.views import missing

from . import sending

if TYPE_CHECKING:
    from .site import Survey

blueprint = Blueprint("webhook", __name__, url_prefix="/webhook")
guard(blueprint, "webhook")
control = Blueprint("webhook_control", __name__, url_prefix="/control")
given.refuse(control)


def answer_with(store: Store, key: str) -> Row | None:
    """Find the answer that was sent with a key."""
    sql = "SELECT id, item_id FROM simple_replies WHERE channel = 'webhook' AND json_extract(more, '$.key') = ?"
    return store.row(sql, key)


@blueprint.post("/<place>/answers")
def take_answer(place: str) -> ResponseReturnValue:
    """Take an answer of the organisation's: the same key again is the same answer."""
    if (refused := _refused(place, request.get_data())) is not None:
        return refused
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        return jsonify(error="Not JSON."), 400
    try:
        ident = _site().called_back(here(), place, fields)
    except LookupError:
        return jsonify(error="There is no such message."), 404
    except Unusable as wrong:
        return jsonify(error=str(wrong)), 422
    return jsonify(id=ident, url=f"{request.host_url}sites/webhook/items/{fields['message_id']}"), 201


@blueprint.get("/<place>/answers")
def find_answer(place: str) -> ResponseReturnValue:
    """Say whether the answer with `key` was taken; what is signed is the key."""
    key = request.args.get("key", "")
    if (refused := _refused(place, key.encode())) is not None:
        return refused
    found = answer_with(here().store, key)
    if found is None:
        return jsonify(found=False)
    return jsonify(found=True, url=f"{request.host_url}sites/webhook/items/{found['item_id']}")


@blueprint.get("/<place>")
def show(place: str) -> ResponseReturnValue:
    """Show what was entered and sent, and the form that says where to."""
    if not _site().accepts(place):
        return missing()
    return _page(_site().place_key(place))


@blueprint.post("/<place>/hook")
def save_hook(place: str) -> ResponseReturnValue:
    """Say where the survey sends to, and send what waits."""
    if not _site().accepts(place):
        return missing()
    key, hook, secret = _site().place_key(place), request.form.get("hook", ""), request.form.get("secret", "")
    if not hook.strip().startswith(("https://", "http://")) or not secret.strip():
        return _page(key, "Enter the address and the secret that HealthBerry showed."), 422
    sending.set_hook(here().store, key, hook, secret)
    sending.send_again(here().store, key)
    return redirect(_site().page(key), 303)


@control.post("/webhooks")
def configure() -> ResponseReturnValue:
    """Say where a survey sends to: `{handle, hook, secret}`; what waits is sent."""
    body = given.body()
    place = _site().checked(str(body.get("handle") or ""))
    hook, secret = body.get("hook"), body.get("secret")
    if not isinstance(hook, str) or not isinstance(secret, str) or not hook or not secret:
        raise Unusable("hook or secret is missing.")
    sending.set_hook(here().store, place, hook, secret)
    return jsonify(handle=place, sent=sending.send_again(here().store, place)), 201


@control.get("/webhooks/<place>")
def listed(place: str) -> ResponseReturnValue:
    """List what a survey sent, newest first: item_id, change, status, answer."""
    rows = sending.sent(here().store, _site().place_key(place))
    return jsonify(sent=[{name: row[name] for name in ("item_id", "change", "status", "answer")} for row in rows])


def _refused(place: str, signed: bytes) -> tuple[Response, int] | None:
    to = sending.hook_of(here().store, place)
    header = request.headers.get("X-HealthBerry-Signature", "")
    if to is None or not sending.is_signed(here().store, to["secret"], header, signed):
        return jsonify(error="Not signed as agreed."), 403
    return None


def _page(place: str, problem: str = "") -> str:
    store, site = here().store, _site()
    return render_template(
        "webhook/place.html",
        site=site,
        place=place,
        to=sending.hook_of(store, place),
        sent=sending.sent(store, place),
        answers=f"{request.host_url}webhook/{place}/answers",
        lines=site.newest(here(), place),
        problem=problem,
    )


def _site() -> "Survey":
    return cast("Survey", here().sites["webhook"])
