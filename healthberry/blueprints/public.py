"""Pages for anybody: what HealthBerry is, help, accessibility, privacy, cookies."""

from flask import Blueprint, render_template

from healthberry.blueprints import guard, installed
from healthberry.core.keeping_table import TABLE

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@guard.public
def home() -> str:
    """Say in one screen what HealthBerry is."""
    return render_template("public/home.html")


@blueprint.get("/help")
@guard.public
def help_page() -> str:
    """Say how things are done, and which keys do them."""
    return render_template("public/help.html")


@blueprint.get("/accessibility")
@guard.public
def accessibility() -> str:
    """Say what works for whom, and what does not yet."""
    return render_template("public/accessibility.html")


@blueprint.get("/privacy")
@guard.public
def privacy() -> str:
    """Say what is stored, why, and for how long."""
    return render_template("public/privacy.html", here_is=installed.facts(), table=TABLE)


@blueprint.get("/cookies")
@guard.public
def cookies() -> str:
    """Say which cookies are set, and why."""
    return render_template("public/cookies.html", here_is=installed.facts())
