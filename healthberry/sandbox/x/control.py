"""What only X needs of the control API: accounts that are suspended, protected or not there."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input as given
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Unusable

from . import store as x_store

blueprint = Blueprint("x_control", __name__, url_prefix="/control")
given.refuse(blueprint)

STATES = ("active", "suspended", "protected", "missing")


@blueprint.post("/accounts")
def account() -> ResponseReturnValue:
    """Make an X account active, suspended, protected or missing: `{handle, state}`."""
    body = given.body()
    handle, state = str(body.get("handle") or "").lstrip("@"), body.get("state", "active")
    if not x_store.HANDLE.fullmatch(handle) or state not in STATES:
        raise Unusable(f"handle is missing, or state is not one of {', '.join(STATES)}.")
    set_account(handle, str(state))
    found = x_store.user_by_name(here().store, handle)
    return jsonify(handle=handle, state=state, id=str(found["id"]) if found else None), 201


@blueprint.post("/x/twice")
def twice() -> ResponseReturnValue:
    """Send each activity twice from now on: `{"on": true}`."""
    on = given.body().get("on") is not False
    here().store.run(
        "INSERT OR IGNORE INTO x_flags VALUES ('twice')" if on else "DELETE FROM x_flags WHERE name = 'twice'"
    )
    return jsonify(on=on)


def set_account(handle: str, state: str) -> None:
    """Give an account a state; `missing` deletes it."""
    store = here().store
    if state == "missing":
        store.run("DELETE FROM x_users WHERE username_key = ?", handle.lower())
        return
    user = x_store.ensure_user(store, handle, organisation=True)
    store.run("UPDATE x_users SET state = ? WHERE id = ?", state, user["id"])
