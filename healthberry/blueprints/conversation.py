"""One conversation: its page, and what members do with it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from healthberry.blueprints import listing, opened, rows, snoozes
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.blueprints.linkify import linkify
from healthberry.blueprints.render import elsewhere, render, wants_part
from healthberry.core import conversations, events, inbox_standing
from healthberry.core.errors import Invalid
from healthberry.core.inbox import View

blueprint = Blueprint("conversation", __name__)
blueprint.add_app_template_filter(linkify)
blueprint.add_app_template_global(snoozes.until)
blueprint.add_app_template_global(opened.month)
blueprint.record_once(lambda state: state.app.jinja_env.globals.update(closed_reasons=conversations.CLOSED_REASONS))

_URL = "/conversations/<uuid:conversation_id>"


@blueprint.get(_URL)
@signed_in
@needs("read")
def show(conversation_id: UUID) -> Response:
    """Show the conversation beside the list that it was reached from; for htmx, only its panes."""
    view = View.from_args(request.args)
    page = opened.open_page(conversation_id)
    alone = wants_part()
    context = opened.thread_context(page, view) if alone else opened.whole_context(page, view)
    beside = ("conversation/_details.html", "inbox/_stream.html")
    return render("conversation/show.html", "conversation/_thread.html", beside, alone=alone, **context)


@blueprint.post(_URL + "/read")
@signed_in
@needs("read")
def read(conversation_id: UUID) -> Response:
    """Take the unread mark away: the page asks for it once it is on screen."""
    changed = conversations.mark_read(member(), conversation_id)
    events.commit()
    if not wants_part():
        return _back(conversation_id)
    return make_response(_row(conversation_id) if changed else "", 200 if changed else 204)


@blueprint.post(_URL + "/unread")
@signed_in
@needs("read")
def unread(conversation_id: UUID) -> Response:
    """Put the unread mark back and go to the list."""
    conversations.mark_unread(member(), conversation_id)
    events.commit()
    address = listing.inbox_address(listing.present_view())
    if not wants_part():
        flash("Marked as unread.")
        return redirect(address, 303)
    response = make_response("")
    response.headers["HX-Redirect"] = address
    return response


@blueprint.post(_URL + "/assign")
@signed_in
@needs("handle")
def assign(conversation_id: UUID) -> Response:
    """Give it to a colleague, or to nobody."""
    wanted = request.form.get("assignee", "")
    try:
        assignee_id = UUID(wanted) if wanted else None
    except ValueError as error:
        raise Invalid("Choose somebody who works here.", "assignee") from error
    conversations.assign(member(), conversation_id, assignee_id)
    return _did(conversation_id, "Given to its new owner." if assignee_id else "Nobody owns this now.")


@blueprint.post(_URL + "/close")
@signed_in
@needs("handle")
def close(conversation_id: UUID) -> Response:
    """Close it for a reason."""
    conversations.close(member(), conversation_id, request.form.get("reason", ""))
    return _did(conversation_id, "Closed.", undo=True)


@blueprint.post(_URL + "/snooze")
@signed_in
@needs("handle")
def snooze(conversation_id: UUID) -> Response:
    """Put it away until a time."""
    until = snoozes.chosen(request.form)
    conversations.snooze(member(), conversation_id, until)
    return _did(conversation_id, f"Snoozed until {snoozes.until(until)}.", undo=True)


@blueprint.post(_URL + "/reopen")
@signed_in
@needs("handle")
def reopen(conversation_id: UUID) -> Response:
    """Open it again."""
    conversations.reopen(member(), conversation_id)
    return _did(conversation_id, "Open again.")


@blueprint.post(_URL + "/wait")
@signed_in
@needs("handle")
def wait(conversation_id: UUID) -> Response:
    """Say that somebody else has to act first."""
    conversations.wait(member(), conversation_id)
    return _did(conversation_id, "Waiting for somebody else.", undo=True)


@blueprint.post(_URL + "/aside")
@signed_in
@needs("handle")
def aside(conversation_id: UUID) -> Response:
    """Put it where noise is."""
    conversations.set_aside(member(), conversation_id)
    return _did(conversation_id, "Set aside.", undo=True)


@blueprint.post(_URL + "/notes")
@signed_in
@needs("handle")
def notes(conversation_id: UUID) -> Response:
    """Write a note for colleagues."""
    text = request.form.get("note", "").replace("\r\n", "\n")
    try:
        conversations.add_note(member(), conversation_id, text)
    except Invalid as invalid:
        events.forget()
        return _refused_note(conversation_id, text, invalid.reason)
    return _did(conversation_id, "Note added.", also=_note_form)


def _refused_note(conversation_id: UUID, text: str, reason: str) -> Response:
    view, page = listing.present_view(), opened.open_page(conversation_id)
    composer = opened.composer_of(page, note=text, note_error=reason)
    if wants_part():
        html = render_template("reply/_note_form.html", **opened.thread_context(page, view, composer))
        return make_response(elsewhere(html.strip()), 422)
    context = opened.whole_context(page, view, composer)
    return make_response(render_template("conversation/show.html", **context), 422)


def _note_form(context: dict[str, Any]) -> str:
    return render_template("reply/_note_form.html", **context)


def _did(
    conversation_id: UUID, words: str, *, undo: bool = False, also: Callable[[dict[str, Any]], str] | None = None
) -> Response:
    """Commit, then answer with everything that such a change shows in; a plain form goes back to the conversation."""
    events.commit()
    if not wants_part():
        flash(words)
        return _back(conversation_id)
    view = listing.present_view()
    context = opened.thread_context(opened.open_page(conversation_id), view)
    undone = listing.conversation_address(View(), conversation_id) + "/reopen" if undo else ""
    pieces = [
        elsewhere(render_template(f"conversation/{name}.html", done=words, undo=undone, **context).strip())
        for name in ("_head", "_details", "_done")
    ]
    pieces += [elsewhere(also(context).strip())] if also else []
    return make_response("\n".join([*pieces, entries(context), _row(conversation_id)]))


def entries(context: dict[str, Any]) -> str:
    """Return the thread's entries as a piece that changes only what differs."""
    html = render_template("conversation/_entries_inner.html", **context)
    return f'<hx-partial hx-target="#entries" hx-swap="innerMorph">{html}</hx-partial>'


def _row(conversation_id: UUID) -> str:
    """Return the conversation's row as a piece for the list beside it."""
    view = listing.present_view()
    found = inbox_standing.row_of(member(), view, conversation_id)
    if found is None:
        return ""
    row, belongs = found
    return elsewhere(rows.row_html(row, view, here=True, left=not belongs))


def _back(conversation_id: UUID) -> Response:
    return redirect(listing.conversation_address(View.from_args(request.args), conversation_id), 303)
