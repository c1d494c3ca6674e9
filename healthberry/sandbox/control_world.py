"""The control API's second half: websites, accounts, organisations, keys."""

import json
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from . import control_input as given
from . import handles, seed, x_store
from .control import blueprint
from .publish import Unusable
from .state import here
from .websites import BEHAVIOURS, HOST, handle_for

QUERY_KEY_SECONDS = 86_400
OPTIONS = ("html", "times", "location", "bytes", "seconds", "content_type")
STATES = ("active", "suspended", "protected", "missing")


@blueprint.post("/websites")
def website() -> ResponseReturnValue:
    """Say how a host behaves.

    `{host, behaviour, handle?, html?, times?, location?, bytes?, seconds?, content_type?}`.
    """
    body = given.body()
    host, behaviour = str(body.get("host") or "").lower(), body.get("behaviour", "html" if body.get("html") else "ok")
    if not HOST.fullmatch(host):
        raise Unusable("host must be a host name.")
    if behaviour not in BEHAVIOURS:
        raise Unusable(f"behaviour must be one of {', '.join(BEHAVIOURS)}.")
    handle = body.get("handle")
    if handle is not None and not x_store.HANDLE.fullmatch(str(handle)):
        raise Unusable("handle must have 1 to 15 letters, digits or underscores.")
    if behaviour == "unknown_handle":
        _set_account(str(handle or handle_for(host)), "missing")
    options: dict[str, Any] = {name: body[name] for name in OPTIONS if name in body}
    here().store.run(
        "INSERT OR REPLACE INTO websites VALUES (?, ?, ?, ?)",
        host,
        behaviour,
        handle,
        json.dumps(_checked(options)),
    )
    return jsonify(
        host=host, behaviour=behaviour, handle=handle or handle_for(host), url=f"{request.host_url}websites/{host}/"
    ), 201


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    for name in ("times", "bytes", "seconds"):
        if name in options and not isinstance(options[name], int | float):
            raise Unusable(f"{name} must be a number.")
    return options


@blueprint.post("/accounts")
def account() -> ResponseReturnValue:
    """Make an X account active, suspended, protected or missing: `{handle, state}`."""
    body = given.body()
    handle, state = str(body.get("handle") or "").lstrip("@"), body.get("state", "active")
    if not x_store.HANDLE.fullmatch(handle) or state not in STATES:
        raise Unusable(f"handle is missing, or state is not one of {', '.join(STATES)}.")
    _set_account(handle, str(state))
    found = x_store.user_by_name(here().store, handle)
    return jsonify(handle=handle, state=state, id=str(found["id"]) if found else None), 201


def _set_account(handle: str, state: str) -> None:
    store = here().store
    if state == "missing":
        store.run("DELETE FROM x_users WHERE username_key = ?", handle.lower())
        return
    user = x_store.ensure_user(store, handle, organisation=True)
    store.run("UPDATE x_users SET state = ? WHERE id = ?", state, user["id"])


@blueprint.post("/organisations")
def organisation() -> ResponseReturnValue:
    """Name an organisation, say its handle on X, or take it off a provider's list.

    `{ods_code, name?, handle?, careopinion?: bool, nhsuk?: bool}`.
    """
    body = given.body()
    code = seed.place_key("nhsuk", str(body.get("ods_code") or ""))
    if not code:
        raise Unusable("ods_code is missing.")
    name, handle = body.get("name"), body.get("handle")
    if handle is not None:
        if not x_store.HANDLE.fullmatch(str(handle).lstrip("@")):
            raise Unusable("handle must have 1 to 15 letters, digits or underscores.")
        handles.remember(here().store, code, str(handle))
    values = (
        code,
        None if name is None else str(name),
        int(body.get("careopinion", True) is not False),
        int(body.get("nhsuk", True) is not False),
    )
    here().store.run("INSERT OR REPLACE INTO organisations VALUES (?, ?, ?, ?)", *values)
    known = {"ods_code": code, "name": name, "handle": handles.of(here().store, code)}
    return jsonify(**known, careopinion=bool(values[2]), nhsuk=bool(values[3])), 201


@blueprint.post("/careopinion-keys")
def query_key() -> ResponseReturnValue:
    """Make a key for Care Opinion's `?key=`; it dies after 24 hours."""
    store = here().store
    key, expires = f"uri-{store.now()}", store.now() + QUERY_KEY_SECONDS * 1000
    store.run("INSERT OR REPLACE INTO co_query_keys VALUES (?, ?)", key, expires)
    return jsonify(key=key, expires_in=QUERY_KEY_SECONDS), 201


@blueprint.get("/keys")
def keys() -> ResponseReturnValue:
    """Show the keys that callers must present, among them those that were made up."""
    return jsonify({name.upper(): value for name, value in vars(here().config.keys).items()})
