"""Signing in by a code to one's mailbox, and signing out."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from healthberry.blueprints import guard

blueprint = Blueprint("session", __name__)


@blueprint.get("/signin")
def sign_in() -> str:
    return ""


@blueprint.post("/signout")
def sign_out() -> Response:
    """Sign out on this browser."""
    guard.sign_out()
    return redirect(url_for("public.home"), 303)
