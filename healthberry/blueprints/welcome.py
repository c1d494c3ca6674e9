"""What was found for an organisation: its channels, as they fill."""

from flask import Blueprint

blueprint = Blueprint("welcome", __name__)


@blueprint.get("/channels")
def channels() -> str:
    return ""
