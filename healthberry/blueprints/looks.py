"""What templates can say without being told: assets, icons, channels, times, who is signed in."""

import functools
import json
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context, session, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from jinja2 import ChainableUndefined, ChoiceLoader, PackageLoader
from markupsafe import Markup

from healthberry.blueprints import found, guard, headers, moments, operator
from healthberry.connectors.base import Capabilities
from healthberry.core import commissioning, scope, warnings
from healthberry.core.channels import is_owners
from healthberry.core.permissions import may
from healthberry.core.staleness import in_words
from healthberry.models.organisations import Member
from healthberry.register.kinds import kind_label

_DIST = Path(__file__).resolve().parent.parent / "static" / "dist"
_ICON_ATTRIBUTES = 'aria-hidden="true" focusable="false" width="{size}" height="{size}" class="icon{small}"'


def install(app: Flask) -> None:
    """Teach the application's templates the words of this module, and where the NHS.UK frontend's macros are."""
    app.jinja_env.undefined = ChainableUndefined  # the frontend's macros look into parameters that were not given
    app.jinja_env.loader = ChoiceLoader([app.create_global_jinja_loader(), PackageLoader("nhsuk_frontend_jinja")])
    app.jinja_env.autoescape = _is_escaped
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(exact=moments.exact, day=moments.day, relative=moments.relative, capabilities=channel)
    app.jinja_env.filters.update(lasting=in_words, clock=moments.clock, found_name=found.name_of)
    app.jinja_env.filters.update(time_left=moments.time_left, dated=moments.dated)
    app.jinja_env.tests.update(owners=is_owners)
    app.jinja_env.globals.update(
        asset=asset,
        csrf_token=csrf_token,
        icon=icon,
        channel=channel,
        moment=moments.moment,
        nonce=headers.nonce,
        may=may,
        kind_label=kind_label,
    )
    app.context_processor(_about_this_page)


def _is_escaped(template: str | None) -> bool:
    """Say whether what a template shows is words, not markup: the frontend's macros (.jinja) count on it too."""
    return template is None or not template.endswith(".txt")


def asset(name: str) -> str:
    """Return the address of a built asset, such as "app.css": hashed, so that it can be kept for ever."""
    return url_for("static", filename=f"dist/{_manifest().get(name, name)}")


def csrf_token() -> str:
    """Return the proof that a form is of this browser's page; a page has a dozen forms, which ask for it one by one."""
    token: str = g.get("csrf_token") or generate_csrf()  # which leaves it there
    return token


@functools.cache
def icon(name: str, size: int = 20) -> Markup:
    """Return a Lucide icon inline, hidden from screen readers; the words beside it must say the same."""
    attributes = _ICON_ATTRIBUTES.format(size=size, small=" icon--s" if size < 20 else "")
    return Markup(_drawing(name).replace("<svg", f"<svg {attributes}", 1))  # noqa: S704 - our own file  # nosec B704


def channel(kind: str) -> Capabilities:
    """Return what channels of this kind are called and can do."""
    capabilities: Capabilities = current_app.extensions["connectors"].get(kind).capabilities
    return capabilities


def _manifest() -> dict[str, str]:
    """A new build removes the old files: a running process follows it."""
    file = _DIST / "manifest.json"
    return _read_manifest(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _read_manifest(file: Path, built_at: int) -> dict[str, str]:
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _drawing(name: str) -> str:
    """Drop the drawing's own size and licence line: the page sets the one and the notices keep the other."""
    lines = (_DIST / _manifest().get(f"icons/{name}.svg", f"icons/{name}.svg")).read_text().splitlines()
    kept = (line.strip() for line in lines if not line.strip().startswith(("<!--", "class=", "width=", "height=")))
    return " ".join(kept)


def _about_this_page() -> dict[str, Any]:
    # A refusal may be about the database itself: its page asks nobody who is signed in.
    known = has_request_context() and not g.get("refusing") and current_user.is_authenticated
    member: Member | None = current_user.member if known else None
    return {
        "me": member,
        "way_out": _way_out(member),
        "sandbox_url": current_app.extensions["settings"].sandbox_url,
        "outage": current_app.extensions.get("outage"),
        "warned_of": _warned_of,
        "commissions": _commissions,
    }


def _way_out(member: Member | None) -> str | None:
    """Return where whoever is signed in on this browser signs out; a refusal's page has only the cookie to go by."""
    if not has_request_context():
        return None
    refusing = bool(g.get("refusing"))
    if member is not None or (refusing and "_user_id" in session):
        return "session.sign_out"
    is_operator = guard.OPERATOR_SESSION in session if refusing else operator.this_session() is not None
    return "operator.sign_out" if is_operator else None


def _commissions(member: Member) -> bool:
    """Asked by whole pages only: whether there are providers to be shown."""
    scope.enter(member.organisation_id)
    return may(member, "see_providers") and commissioning.is_commissioner(member)


def _warned_of(member: Member) -> warnings.Warnings:
    """Asked by whole pages only; what is swapped into them leaves the warnings alone."""
    scope.enter(member.organisation_id)
    return warnings.of_organisation(member.organisation_id)
