"""The control API: tests and scripts act as patients, order faults and change settings. JSON, no sign-in."""

from collections import defaultdict
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from . import control_input as given
from . import corpus, faults, life
from .config import BadSetting
from .site import Json, Site
from .state import here
from .telling import Telling, Unusable

blueprint = Blueprint("control", __name__, url_prefix="/control")


given.refuse(blueprint)


@blueprint.post("/posts")
def add() -> ResponseReturnValue:
    """Publish an item as a patient; 201 with the id by which the provider's API knows it."""
    body = given.body()
    site = given.site(body.get("channel"))
    telling = _telling(site, body)
    with here().store.writing():
        remote_id = site.tell(here(), telling)
    return jsonify(remote_id=remote_id), 201


def _telling(site: Site, body: dict[str, Any]) -> Telling:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Unusable("text is missing or empty.")
    rating = body.get("rating")
    if rating is not None and (not isinstance(rating, int) or isinstance(rating, bool)):
        raise Unusable("rating must be a whole number.")
    parent = body.get("in_reply_to")
    return Telling(
        given.place(site, body),
        str(body.get("author") or ""),
        text,
        str(body.get("title") or ""),
        rating,
        None if parent is None else str(parent),
        given.moment(body.get("posted_at")),
        given.seconds(body.get("hidden_seconds", 0)),
        bool(body.get("syndicate")),
        body,
    )


@blueprint.get("/posts/<channel>/<path:remote_id>")
def show(channel: str, remote_id: str) -> ResponseReturnValue:
    """Describe an item: text, title, author, state, replies."""
    _, found = _item(channel, remote_id)
    return jsonify(found) if found else _missing()


@blueprint.get("/posts/<channel>")
def listed(channel: str) -> ResponseReturnValue:
    """List the ids of everything that the provider's API lists for one code (with its sites on request) or handle."""
    site, query = given.site(channel), request.args.to_dict()
    return jsonify(remote_ids=site.listed(here(), site.place_key(given.place(site, query)), query))


@blueprint.patch("/posts/<channel>/<path:remote_id>")
def edit(channel: str, remote_id: str) -> ResponseReturnValue:
    """Change an item's text (or, at NHS.UK, its status).

    On X the new version gets an id of its own, which is answered.
    """
    body = given.body()
    site, found = _item(channel, remote_id)
    return jsonify(remote_id=site.edit(here(), found, body)) if found else _missing()


@blueprint.delete("/posts/<channel>/<path:remote_id>")
def withdraw(channel: str, remote_id: str) -> ResponseReturnValue:
    """Withdraw an item; at NHS.UK it is listed as removed from then on, unless `?how=gone`."""
    site, found = _item(channel, remote_id)
    if not found:
        return _missing()
    site.withdraw(here(), found, request.args.to_dict())
    return Response(status=204)


def _item(channel: str, remote_id: str) -> tuple[Site, Json | None]:
    site = given.site(channel)
    return site, site.shown(here(), remote_id)


@blueprint.post("/faults")
def order_fault() -> ResponseReturnValue:
    """Order a fault for the next `times` requests that it fits."""
    body = given.body()
    channel, kind = given.site(body.get("channel")).kind, faults.kind_called(body.get("kind"))
    times = body.get("times", 1)
    if kind is None:
        raise Unusable(f"kind must be one of {', '.join((*faults.KINDS, *faults.ALIASES))}.")
    if not isinstance(times, int) or not 1 <= times <= 100_000:
        raise Unusable("times must be a whole number from 1.")
    if body.get("operation") not in (None, *faults.OPERATIONS):
        raise Unusable(f"operation must be one of {', '.join(faults.OPERATIONS)}.")
    seconds = None if body.get("seconds") is None else given.seconds(body["seconds"])
    fault = faults.Fault(
        channel, kind, times, seconds, body.get("operation"), body.get("path"), bool(body.get("replace"))
    )
    here().faults.add(fault)
    return jsonify(asdict(fault)), 201


@blueprint.get("/faults")
def waiting_faults() -> ResponseReturnValue:
    """List the faults that have not struck yet."""
    return jsonify(faults=[asdict(fault) for fault in here().faults.waiting()])


@blueprint.delete("/faults")
def call_off_faults() -> ResponseReturnValue:
    """Call off every fault."""
    here().faults.clear()
    return Response(status=204)


@blueprint.post("/corpus")
def load_corpus() -> ResponseReturnValue:
    """Load texts from a CSV (in JSON, or as a multipart file) as past items of one organisation."""
    body = request.form.to_dict() if request.files or request.form else given.body()
    upload = request.files.get("file") or request.files.get("csv")
    text = upload.read().decode("utf-8-sig", "replace") if upload else body.get("csv")
    if not isinstance(text, str):
        raise Unusable("csv is missing: give it as text, or as a multipart file named file.")
    site = given.site(body.get("channel"))
    chosen = corpus.Choice(
        str(body.get("text_column") or ""),
        given.whole(body, "count"),
        given.whole(body, "start") or 0,
        given.whole(body, "seed"),
    )
    remote_ids = corpus.load(here(), site, given.place(site, body), text, chosen)
    return jsonify(loaded=len(remote_ids), remote_ids=remote_ids), 201


@blueprint.get("/settings")
def settings() -> ResponseReturnValue:
    """Show all settings."""
    return jsonify(asdict(here().settings))


@blueprint.post("/settings")
def change_settings() -> ResponseReturnValue:
    """Change settings; all or, when one is wrong, none."""
    sandbox, body = here(), given.body()
    before = asdict(sandbox.settings)
    try:
        for name, value in body.items():
            sandbox.settings.change(name, value)
    except BadSetting:
        sandbox.settings.__dict__.update(before)
        raise
    sandbox.store.offset_seconds = sandbox.settings.clock_offset_seconds
    if "life_seconds" in body:
        life.restart(sandbox)
    return jsonify(asdict(sandbox.settings))


@blueprint.post("/reset")
def reset() -> ResponseReturnValue:
    """Forget everything: items, accounts, tokens, faults, counts; settings as at the start."""
    sandbox = here()
    sandbox.store.empty()
    sandbox.asked.clear()
    sandbox.faults.clear()
    sandbox.limits.clear()
    sandbox.counts.clear()
    sandbox.statuses.clear()
    sandbox.lists_served.clear()
    sandbox.settings.__dict__.update(asdict(sandbox.config.settings))
    sandbox.store.offset_seconds = sandbox.settings.clock_offset_seconds
    return Response(status=204)


@blueprint.get("/requests")
def requests() -> ResponseReturnValue:
    """Show how often each operation was called, and with which statuses it answered."""
    by_status: dict[str, dict[str, int]] = defaultdict(dict)
    for (operation, status), number in sorted(here().statuses.items()):
        by_status[operation][str(status)] = number
    return jsonify(counts=dict(sorted(here().counts.items())), statuses=by_status)


def _missing() -> ResponseReturnValue:
    return jsonify(error="There is no such item."), 404
