"""Replying: drafts that are kept while one types, publishing, and what to do with a reply that is on its way."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from healthberry.blueprints import found, listing, opened
from healthberry.blueprints.conversation import entries
from healthberry.blueprints.guard import THIS_WORKING_DAY, member, needs, proven, signed_in
from healthberry.blueprints.opened import Composer
from healthberry.blueprints.render import elsewhere, render, wants_part
from healthberry.core import drafts, events, replies
from healthberry.core.errors import Conflict, CoreError, Invalid, NotAllowed
from healthberry.core.guarded import Guarded
from healthberry.core.inbox import View
from healthberry.core.thread import Page
from healthberry.models.replies import Reply
from healthberry.realtime import presence

blueprint = Blueprint("reply", __name__)

_CONVERSATION = "/conversations/<uuid:conversation_id>"
_REPLY = "/replies/<uuid:reply_id>"
_DIGITS = 10  # what the database takes as an integer
_STILL = "This was not published yet."
_STATUS = {Conflict: 409, Invalid: 422, NotAllowed: 403, Guarded: 422}


@blueprint.get(_CONVERSATION + "/composer")
@signed_in
@needs("read")
def composer(conversation_id: UUID) -> Response:
    """Show the composer anew: after a reply went out or came back."""
    page, view = opened.open_page(conversation_id), listing.present_view()
    if not wants_part():
        return redirect(listing.conversation_address(view, conversation_id), 303)
    return make_response(_composer(page, view, opened.composer_of(page)))


@blueprint.route(_CONVERSATION + "/draft", methods=["PUT", "POST"])
@signed_in
@needs("draft")
def draft(conversation_id: UUID) -> Response:
    """Keep what is being typed; answer with its length as the channel counts it."""
    text = _text()
    try:
        drafts.save(member(), conversation_id, text, _version(), _way())
    except Invalid as invalid:
        events.forget()
        return _draft_answer(conversation_id, text, None, invalid.reason)
    events.commit()
    presence.write(member(), conversation_id, writing=bool(text.strip()))
    return _draft_answer(conversation_id, text, datetime.now(UTC))


def _draft_answer(conversation_id: UUID, text: str, saved: datetime | None, error: str = "") -> Response:
    status = 422 if error else 200
    if not wants_part():
        if error:
            raise Invalid(error, "text")
        # A page that is being left waits for no answer; a form without script goes back to where it was.
        return make_response("", 204) if request.headers.get("X-Leaving") else _back(conversation_id, "Draft saved.")
    page = opened.open_page(conversation_id)
    shown = opened.composer_of(page, text, saved=saved)
    parts = {"composer": shown, "page": page, "said": error}
    return render("conversation/show.html", "reply/_saved.html", ["reply/_count.html"], status=status, **parts)


def _keep(refusal: NotAllowed, conversation_id: UUID) -> Response:
    """Keep what somebody wrote who may not publish it."""
    return _refused(conversation_id, _text(), refusal, _version(), request.form.get("seen", ""), _way())


@blueprint.post(_CONVERSATION + "/reply")
@signed_in
@needs("publish", refused=_keep)
@proven(THIS_WORKING_DAY)
def publish(conversation_id: UUID) -> Response:
    """Put the reply on its way, or say why not with the text kept."""
    text = _text()
    try:
        replies.queue_reply(member(), conversation_id, text, _version(), _way(), found.let_stand())
    except (Conflict, Guarded, Invalid, NotAllowed) as refusal:
        events.forget()
        return _refused(conversation_id, text, refusal, _version(), request.form.get("seen", ""), _way())
    events.commit()
    presence.write(member(), conversation_id, writing=False)
    if not wants_part():
        return _back(conversation_id, "Your reply is on its way.")
    page, view = opened.open_page(conversation_id), listing.present_view()
    return make_response("\n".join([_composer(page, view, opened.composer_of(page)), _state(page, view)]))


def _refused(conversation_id: UUID, text: str, refusal: CoreError, version: int, seen: str, way: str = "") -> Response:
    """Show what is new and why it was not published; the text is kept, here and on the server.

    `version` and the moment `seen` say what it was written against, `way` how it was to be answered.
    """
    if len(text) <= drafts.LONGEST:
        drafts.save(member(), conversation_id, text, version, way)
        events.commit()
    page, view = opened.open_page(conversation_id), listing.present_view()
    moved_on = isinstance(refusal, Conflict) and page.conversation.version != version
    news = opened.news_since(page, seen) if moved_on else ()
    shown = opened.composer_of(page, text, news=news, way=way, reason=found.reason(), **_why(refusal, moved_on))
    status = _STATUS[type(refusal)]
    if not wants_part():
        context = opened.whole_context(page, view, shown)
        return make_response(render_template("conversation/show.html", **context), status)
    composer = elsewhere(_composer(page, view, shown).strip())
    return make_response("\n".join([composer, _state(page, view), entries({"page": page})]), status)


def _why(refusal: CoreError, moved_on: bool) -> dict[str, Any]:
    """Return what the composer says, and where: what the guard found is marked as long as it is in the way."""
    if moved_on:
        return {"conflict": refusal.reason}
    if isinstance(refusal, Invalid) and refusal.field == "let_stand_reason":
        return {"error": _STILL, "stopped": True, "reason_error": refusal.reason}
    return {"error": refusal.reason, "stopped": isinstance(refusal, Guarded)}


@blueprint.post(_REPLY + "/retry")
@signed_in
@needs("publish")
@proven(THIS_WORKING_DAY)
def retry(reply_id: UUID) -> Response:
    """Send a failed reply again as it is; where the thread moved on, show what is new first."""
    try:
        reply = replies.retry(member(), reply_id)
    except (Conflict, Guarded, Invalid, NotAllowed) as refusal:
        events.forget()
        reply = replies.find(member(), reply_id)
        if reply.state != "failed":
            raise
        begun = drafts.find(member(), reply.conversation_id)
        text, seen = begun.text if begun else reply.text, reply.queued_at.isoformat()
        return _refused(reply.conversation_id, text, refusal, reply.version, seen, reply.way)
    return _moved(reply, "Trying again.")


@blueprint.post(_REPLY + "/take-back")
@signed_in
@needs("publish")
def take_back(reply_id: UUID) -> Response:
    """Put the text of a reply that did not go out back where it can be changed."""
    return _moved(replies.take_back(member(), reply_id), "The text is back where you wrote it.")


@blueprint.post(_REPLY + "/copied")
@signed_in
@needs("publish")
def copied(reply_id: UUID) -> Response:
    """Note that the text was copied to the site: from now on it is looked for there."""
    return _moved(replies.mark_copied(member(), reply_id), "Copied.")


@blueprint.post(_REPLY + "/confirm")
@signed_in
@needs("publish")
def confirm(reply_id: UUID) -> Response:
    """Take a person's word that the answer which showed on the site is this reply."""
    return _moved(replies.confirm(member(), reply_id), "Marked as published.")


def _moved(reply: Reply, words: str) -> Response:
    events.commit()
    if not wants_part():
        return _back(reply.conversation_id, words)
    page, view = opened.open_page(reply.conversation_id), listing.present_view()
    pieces = [_state(page, view)]
    if reply.state != "copied":
        pieces.append(elsewhere(_composer(page, view, opened.composer_of(page)).strip()))
    return make_response("\n".join(pieces))


def _composer(page: Page, view: View, shown: Composer) -> str:
    return render_template("reply/_composer.html", **opened.thread_context(page, view, shown))


def _state(page: Page, view: View) -> str:
    context: dict[str, Any] = {"page": page, "view": view, "proven": True}
    return elsewhere(render_template("reply/_state.html", **context).strip())


def _back(conversation_id: UUID, words: str) -> Response:
    flash(words)
    return redirect(listing.conversation_address(View.from_args(request.args), conversation_id), 303)


def _text() -> str:
    return request.form.get("text", "").replace("\r\n", "\n").replace("\x00", "")


def _way() -> str:
    """Return how to answer, "" where the form offers no choice."""
    return request.form.get("way", "").replace("\x00", "")[: drafts.LONGEST_WAY]


def _version() -> int:
    """Return the version that the form was written against; -1, which no conversation has, where it names none."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else -1
