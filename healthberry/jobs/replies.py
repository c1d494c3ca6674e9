"""Sending replies: once. What may have gone out is looked for before anything is sent again."""

from uuid import UUID

from flask import current_app

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.base import Reply as OutgoingReply
from healthberry.connectors.errors import ConnectorError, Permanent, RateLimited, Temporary
from healthberry.core import channels, conversations, scope, sending
from healthberry.core.events import commit
from healthberry.extensions import db
from healthberry.jobs.base import job
from healthberry.models.conversations import Conversation
from healthberry.models.replies import Reply


@job("replies", timeout_seconds=90)
def send_reply(organisation: str, reply_id: str) -> None:
    """Take one reply and send it, find out whether it went out, or look whether it shows on the site."""
    scope.enter(UUID(organisation))
    claimed = sending.claim(UUID(organisation), UUID(reply_id))
    if claimed is None:
        commit()
        return
    reply, todo = claimed
    connector, access, outgoing = _prepared(reply)
    commit()
    if todo == "send":
        _send(reply, connector, access, outgoing)
    else:
        _find(reply, connector, access, outgoing)
    commit()
    if reply.state == "queued" and todo == "find":
        send_reply.nudge(organisation, reply_id)


def _prepared(reply: Reply) -> tuple[Connector, Access, OutgoingReply]:
    conversation = db.session.get_one(Conversation, (reply.organisation_id, reply.conversation_id))
    channel = channels.find(reply.organisation_id, conversation.channel_id)
    return channels.connector_of(channel), channels.access_of(channel), sending.outgoing(reply)


def _send(reply: Reply, connector: Connector, access: Access, outgoing: OutgoingReply) -> None:
    try:
        sent = connector.reply(access, outgoing)
    except RateLimited as error:
        sending.retry_later(reply, error.reason, error.retry_after)
    except Temporary:
        sending.mark_unknown(reply)
    except Permanent as error:
        sending.mark_failed(reply, error.reason)
    else:
        sending.mark_sent(reply, sent)


def _find(reply: Reply, connector: Connector, access: Access, outgoing: OutgoingReply) -> None:
    try:
        found = connector.find_reply(access, outgoing)
    except ConnectorError as error:
        current_app.logger.info("look_failed", extra={"reply": str(reply.id), "error": type(error).__name__})
        sending.look_later(reply)
        return
    if found is not None:
        sending.mark_sent(reply, found)
    elif reply.mode == "assisted":
        sending.look_later(reply)
    else:
        sending.not_found(reply)


@job("ingest")
def wake(organisation: str, conversation_id: str) -> None:
    """Open a snoozed conversation whose time has come."""
    scope.enter(UUID(organisation))
    conversations.wake(UUID(organisation), UUID(conversation_id))
    commit()
