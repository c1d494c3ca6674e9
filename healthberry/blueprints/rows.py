"""One line of the list as HTML. The same lines are shown again and again, to everybody who has the list open.

A line is drawn as for the whole inbox; in another view only the address in it differs, and is put in afterwards.
"""

import functools
from datetime import date

from flask import Flask, current_app
from markupsafe import Markup, escape

from healthberry.blueprints import moments
from healthberry.blueprints.listing import conversation_address
from healthberry.core.inbox import Row, View
from healthberry.models.owned import now

_KEPT = 4_000  # lines of about a kilobyte, in each process
_WHOLE = View()


def install(app: Flask) -> None:
    """Give templates `row_html`."""
    app.extensions["drawn_rows"] = functools.lru_cache(maxsize=_KEPT)(_draw)
    app.jinja_env.globals["row_html"] = row_html


def row_html(row: Row, view: View, *, here: bool = False, left: bool = False) -> Markup:
    """Return the line of `row` in this view, drawn once for all who see the same.

    `here`: it is the conversation that stands open beside the list; `left`: it no longer belongs to the view. What a
    line looks like follows from these and from how long ago it was, and from nothing else.
    """
    present = now()
    ago = moments.relative(row.last_activity_at, present)
    drawn: Markup = current_app.extensions["drawn_rows"](row, here, left, ago, moments.local_day(present))
    if view == _WHOLE:
        return drawn
    # Only a real address can stand so: in what people wrote, every quotation mark is escaped.
    plain, wanted = (f'href="{escape(conversation_address(one, row.id))}"' for one in (_WHOLE, view))
    return Markup(str(drawn).replace(plain, wanted))  # noqa: S704  # nosec B704


def _draw(row: Row, here: bool, left: bool, ago: str, today: date) -> Markup:
    """`ago` and `today` are part of what a drawn line is found by: the template asks the clock for them itself."""
    template = current_app.jinja_env.get_template("inbox/_row.html")
    return Markup(template.render(row=row, view=_WHOLE, here=here, left=left).strip())  # noqa: S704  # nosec B704
