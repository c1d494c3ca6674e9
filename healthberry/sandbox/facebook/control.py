"""What only Facebook and Instagram need of the control API: switches, and tokens that die."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input as given
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Unusable

from . import graph
from .hooks import verify

blueprint = Blueprint("facebook_control", __name__, url_prefix="/control/facebook")
given.refuse(blueprint)

FLAGS = ("hide_authors", "instagram", "require_proof", "tasks", "times")


@blueprint.post("/flags")
def flags() -> ResponseReturnValue:
    """Set switches: hide_authors, instagram and require_proof "on" or "off", tasks with commas, times it is told."""
    body = given.body()
    if unknown := sorted(set(body) - set(FLAGS)):
        raise Unusable(f"There is no {unknown[0]}: {', '.join(FLAGS)}.")
    for name, value in body.items():
        here().store.run("INSERT OR REPLACE INTO facebook_flags VALUES (?, ?)", name, str(value))
    return jsonify(body), 201


@blueprint.post("/tokens")
def tokens() -> ResponseReturnValue:
    """Let every token die, `{"subcode": 460}`: 458 app removed, 460 password changed, 463 expired; 0 revives them."""
    subcode = given.whole(given.body(), "subcode") or 0
    changed = here().store.run("UPDATE facebook_tokens SET subcode = ?", subcode)
    return jsonify(tokens=changed), 201


@blueprint.post("/hooks")
def hooks() -> ResponseReturnValue:
    """Enter a callback as one does among the app's settings: `{object, callback}`; it must answer the challenge."""
    body = given.body()
    name, callback = str(body.get("object", "page")), str(body.get("callback", ""))
    try:
        verify(callback, here().config.keys["FACEBOOK_VERIFY_TOKEN"])
    except graph.GraphError as refused:
        raise Unusable(refused.message) from refused
    here().store.run("INSERT OR REPLACE INTO facebook_hooks VALUES (?, ?, '')", name, callback)
    return jsonify(object=name, callback=callback), 201
