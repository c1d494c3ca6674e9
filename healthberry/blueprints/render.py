"""One URL for a page and for its parts."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import current_app, make_response, render_template, request
from werkzeug.wrappers import Response

_ROOT_ID = re.compile(r"^\s*<[a-z][^>]*?\sid=\"([^\"]+)\"", re.IGNORECASE)


def wants_part() -> bool:
    """Say whether htmx asks for a part of the page, not for the whole of it."""
    if request.headers.get("HX-Request") != "true" or request.headers.get("HX-History-Restore-Request") == "true":
        return False
    return request.headers.get("HX-Request-Type") != "full"


def shown_address() -> SplitResult:
    """Return the address of the page that htmx asks from, in its parts; all of them "" for none, and for nonsense."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # the header can be forged: "http://[" is no address
        return urlsplit("")


def render(page: str, partial: str, oob: Sequence[str] = (), /, *, status: int = 200, **context: Any) -> Response:
    """Answer with `partial` where htmx asks for a part, else with `page`, which includes the very same file.

    `oob` names further partials that the same answer replaces: each goes to the element with the id of its own root.
    """
    if not wants_part():
        response = make_response(render_template(page, **context), status)
    else:
        current_app.update_template_context(context)  # once for all pieces
        pieces = [_drawn(partial, context), *(elsewhere(_drawn(name, context).strip()) for name in oob)]
        response = make_response("\n".join(pieces), status)
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response


def elsewhere(html: str, swap: str = "outerHTML") -> str:
    """Wrap a rendered partial so that htmx puts it in the place of the element with its root's id."""
    root = _ROOT_ID.match(html)
    if root is None:
        raise ValueError("a partial that is swapped elsewhere needs an id on its root")
    return f'<hx-partial hx-target="#{root[1]}" hx-swap="{swap}">{html}</hx-partial>'


def _drawn(name: str, context: dict[str, Any]) -> str:
    return current_app.jinja_env.get_template(name).render(context)
