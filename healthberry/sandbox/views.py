"""Small answers that several sites' pages give."""

from flask import render_template
from flask.typing import ResponseReturnValue


def missing() -> ResponseReturnValue:
    """Say that an item is not there."""
    return render_template(
        "problem.html", title="There is nothing here", problem="It may have been deleted or withdrawn."
    ), 404
