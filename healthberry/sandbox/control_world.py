"""The control API's second half: websites, organisations, keys."""

import json
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from . import control_input as given
from . import handles
from .control import blueprint
from .places import code_key
from .site import Site
from .state import here
from .telling import Unusable
from .websites import BEHAVIOURS, HOST, handle_for
from .x import store as x_store
from .x.control import set_account

OPTIONS = ("html", "times", "location", "bytes", "seconds", "content_type")


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
        set_account(str(handle or handle_for(host)), "missing")
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


@blueprint.post("/organisations")
def organisation() -> ResponseReturnValue:
    """Name an organisation, say its handles, or take it off the lists of sites that know codes.

    `{ods_code, name?, handle? (on the first site that knows handles), handles?: {site: handle}, <site>?: bool}`.
    """
    body, sandbox = given.body(), here()
    code = code_key(str(body.get("ods_code") or ""))
    if not code:
        raise Unusable("ods_code is missing.")
    name, by_handle = body.get("name"), sandbox.known_by("handle")
    said: Any = body.get("handles")
    said = said if isinstance(said, dict) else {}
    for number, site in enumerate(by_handle):
        handle = body.get("handle") if number == 0 and body.get("handle") is not None else said.get(site.kind)
        if handle is not None:
            _remember(site, code, str(handle))
    store = sandbox.store
    store.run(
        "INSERT OR REPLACE INTO organisations (ods_code, name) VALUES (?, ?)", code, None if name is None else str(name)
    )
    lists = {site.kind: body.get(site.kind, True) is not False for site in sandbox.known_by("ods_code")}
    for kind, listed in lists.items():
        sql = (
            "DELETE FROM unlisted WHERE channel = ? AND ods_code = ?"
            if listed
            else "INSERT OR IGNORE INTO unlisted VALUES (?, ?)"
        )
        store.run(sql, kind, code)
    known = {site.kind: handles.of(store, site.kind, code) for site in by_handle}
    return jsonify(ods_code=code, name=name, handle=next(iter(known.values()), None), handles=known, **lists), 201


def _remember(site: Site, code: str, handle: str) -> None:
    if not site.accepts(handle):
        raise Unusable(site.place_rule)
    handles.remember(here().store, site.kind, code, handle)


@blueprint.get("/keys")
def keys() -> ResponseReturnValue:
    """Show the keys that callers must present, among them those that were made up."""
    return jsonify(dict(here().config.keys))
