from flask import Blueprint

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
def index() -> str:
    return ""
