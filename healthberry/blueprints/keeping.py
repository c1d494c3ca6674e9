"""Settings: how long things are kept, what each night let go of, and a shorter time for a kind of channel."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.core import erasing, events, holds, keeping, keeping_nights, keeping_table, restricting
from healthberry.core.errors import Invalid
from healthberry.core.keeping import Limit

blueprint = Blueprint("keeping", __name__)

_URL = "/settings/keeping"
_LONGEST = "longest"  # as long as the kind's own limit says


@blueprint.get(_URL)
@signed_in
@needs("manage")
def index() -> ResponseReturnValue:
    """Show how long everything is kept, and what the last nights let go of."""
    return render_template(
        "keeping/index.html",
        limits=keeping.limits(member()),
        nights=keeping_nights.nights(member()),
        table=keeping_table.TABLE,
        erasures=erasing.listed(member()),
        restrictions=restricting.listed(member()),
        holds=holds.listed(member()),
    )


@blueprint.get(_URL + "/<kind>")
@signed_in
@needs("manage")
def show(kind: str) -> ResponseReturnValue:
    """Ask for how long the words of one kind are kept; with `months`, show what would go. Changes nothing."""
    limit = keeping.limit_of(member(), kind)
    given = request.args.get("months", "")
    if not given:
        return _page(limit)
    try:
        return _page(limit, given, preview=keeping.would_go(member(), kind, _months(given)))
    except Invalid as invalid:
        return _page(limit, errors={invalid.field: invalid.reason}), 422


@blueprint.post(_URL + "/<kind>")
@signed_in
@needs("manage")
@proven(RECENTLY)
def shorten(kind: str) -> ResponseReturnValue:
    """Keep the words of this kind for so many months from now on; the same again changes nothing."""
    try:
        changed = keeping.shorten(member(), kind, _months(request.form.get("months", "")))
    except Invalid as invalid:
        events.forget()
        return _page(keeping.limit_of(member(), kind), errors={invalid.field: invalid.reason}), 422
    events.commit()
    flash("Saved. The next night lets go of what is older." if changed else "It was so already.")
    return redirect(url_for("keeping.index"), 303)


def _months(given: str) -> int | None:
    if given == _LONGEST:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 4):
        raise Invalid("Choose one of the times.", "months")
    return int(given)


def _page(
    limit: Limit, given: str = "", *, preview: tuple[int, int] | None = None, errors: dict[str, str] | None = None
) -> str:
    chosen = given or str(limit.months or _LONGEST)
    return render_template("keeping/show.html", limit=limit, chosen=chosen, preview=preview, errors=errors or {})
