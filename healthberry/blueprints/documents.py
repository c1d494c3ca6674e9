"""Documents for information governance, filled from the running system: to read, to print, to take away and finish.

They are templates: what only the organisation knows is marked, and nothing is claimed that the system does not do.
"""

from typing import Any

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from healthberry.blueprints import installed
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import own_facts
from healthberry.core.errors import NotFound
from healthberry.core.keeping_table import TABLE
from healthberry.core.roles import ROLES
from healthberry.models.owned import now

blueprint = Blueprint("documents", __name__)

# Name in the address: title, and for whom or what it is.
DOCUMENTS = {
    "record-of-processing": ("Record of processing activities", "Article 30. For your data protection officer."),
    "dpia": ("Data protection impact assessment", "Before you begin. For your data protection officer."),
    "privacy-notice": ("Privacy notice", "For the people who write about you. To publish on your website."),
    "cookie-notice": ("Cookie notice", "Which cookies are set, and why no banner is needed."),
    "dtac": ("DTAC answers", "Digital Technology Assessment Criteria: what we can answer for you."),
    "dspt": ("DSPT answers", "Data Security and Protection Toolkit: what this system does for its assertions."),
    "hazard-log": ("Hazard log", "In the manner of DCB0129. For your clinical safety officer."),
    "accessibility": ("Accessibility statement", "For the intranet page that leads your staff here."),
}  # fmt: skip
_URL = "/settings/documents"


@blueprint.get(_URL)
@signed_in
@needs("manage")
def index() -> ResponseReturnValue:
    """List the documents."""
    return render_template("documents/index.html", documents=DOCUMENTS)


@blueprint.get(_URL + "/<kind>")
@signed_in
@needs("manage")
def show(kind: str) -> ResponseReturnValue:
    """Show one document, filled with what holds now."""
    return render_template("documents/show.html", **_filled(kind))


@blueprint.get(_URL + "/<kind>/file")
@signed_in
@needs("manage")
def download(kind: str) -> ResponseReturnValue:
    """Download one document as a page of its own, which word processors open too."""
    response = Response(render_template("documents/sheet.html", **_filled(kind)), mimetype="text/html")
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}.html"'
    return response


def _filled(kind: str) -> dict[str, Any]:
    if kind not in DOCUMENTS:
        raise NotFound
    return {
        "kind": kind,
        "title": DOCUMENTS[kind][0],
        "body": f"documents/_{kind}.html",
        "facts": own_facts.of(member()),
        "table": TABLE,
        "roles": ROLES,
        "here_is": installed.facts(),
        "made_at": now(),
    }
