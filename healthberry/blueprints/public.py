"""Pages for anybody: what HealthBerry is, help, accessibility, privacy."""

from flask import Blueprint, render_template

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
def home() -> str:
    """Say in one screen what HealthBerry is."""
    return render_template("public/home.html")


@blueprint.get("/help")
def help_page() -> str:
    """Say how things are done, and which keys do them."""
    return render_template("public/help.html")


@blueprint.get("/accessibility")
def accessibility() -> str:
    """Say what works for whom, and what does not yet."""
    return render_template("public/accessibility.html")


@blueprint.get("/privacy")
def privacy() -> str:
    """Say what is stored, why, and for how long."""
    return render_template("public/privacy.html")
