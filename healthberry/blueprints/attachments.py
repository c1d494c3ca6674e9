"""Files that came with feedback: handed to members only, to be saved and never to be shown in place."""

from io import BytesIO
from uuid import UUID

from flask import Blueprint, Response, send_file

from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import attachments, audit, events

blueprint = Blueprint("attachments", __name__)

# Whatever is in it: no browser runs it, loads anything for it, or takes it for a page of ours.
_POLICY = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_NAMED = frozenset({"image/jpeg"})  # what pictures are written anew as; whatever else a file claims to be is bytes


@blueprint.get("/attachments/<uuid:attachment_id>")
@signed_in
@needs("read")
def show(attachment_id: UUID) -> Response:
    """Hand over one file."""
    found = attachments.find(member(), attachment_id)
    conversation = attachments.conversation_of(found)
    if conversation.restricted:
        audit.read(member(), "conversation", conversation.id)
        events.commit()
    kind = found.content_type if found.content_type in _NAMED else "application/octet-stream"
    answer = send_file(BytesIO(found.body), mimetype=kind, as_attachment=True, download_name=found.name, etag=False)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store"
    return answer
