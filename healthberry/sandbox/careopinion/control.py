"""What only Care Opinion needs of the control API: keys for its `?key=`."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here

blueprint = Blueprint("careopinion_control", __name__, url_prefix="/control")

QUERY_KEY_SECONDS = 86_400


@blueprint.post("/careopinion-keys")
def query_key() -> ResponseReturnValue:
    """Make a key for Care Opinion's `?key=`; it dies after 24 hours."""
    store = here().store
    key, expires = f"uri-{store.now()}", store.now() + QUERY_KEY_SECONDS * 1000
    store.run("INSERT OR REPLACE INTO co_query_keys VALUES (?, ?)", key, expires)
    return jsonify(key=key, expires_in=QUERY_KEY_SECONDS), 201
