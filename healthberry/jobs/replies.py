"""Sending replies: once. What may have gone out is looked for before anything is sent again."""

import logging
from uuid import UUID

from healthberry import logs
from healthberry.connectors.base import Access, Connector, SentReply
from healthberry.connectors.base import Reply as OutgoingReply
from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Rejected,
    Temporary,
)
from healthberry.core import channels, conversations, replies, scope, sending
from healthberry.core.events import commit
from healthberry.extensions import db
from healthberry.jobs.base import job
from healthberry.jobs.tokens import renew
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now
from healthberry.models.replies import Reply

log = logging.getLogger(__name__)

_SIGN_INS = 3  # attempts that may end in renewing the token
_RENEWING_SECONDS = 60.0


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
    if reply.state == "queued" and reply.next_attempt_at <= now():
        send_reply.nudge(organisation, reply_id)


def _prepared(reply: Reply) -> tuple[Connector, Access, OutgoingReply]:
    channel = _channel(reply)
    return channels.connector_of(channel), channels.access_of(channel), sending.outgoing(reply)


def _channel(reply: Reply) -> Channel:
    conversation = db.session.get_one(Conversation, (reply.organisation_id, reply.conversation_id))
    return channels.find(reply.organisation_id, conversation.channel_id)


def _send(reply: Reply, connector: Connector, access: Access, outgoing: OutgoingReply) -> None:
    try:
        sent = connector.reply(access, outgoing)
    except RateLimited as error:
        sending.retry_later(reply, error.reason, error.retry_after)
    except Temporary:
        sending.mark_unknown(reply)
    except NotAuthorised as error:
        _sign_in_again(reply, error)
    except Permanent as error:
        sending.mark_failed(reply, error.reason)
    else:
        sending.mark_sent(reply, sent)


def _sign_in_again(reply: Reply, error: NotAuthorised) -> None:
    """Renew the token, which may only have run out while no worker was there, and send again; else say why not."""
    outcome = renew(reply.organisation_id, _channel(reply).id) if reply.attempts < _SIGN_INS else "no"
    if outcome == "renewed":
        sending.send_now(reply)
    elif outcome == "later":
        sending.retry_later(reply, error.reason, _RENEWING_SECONDS)
    else:
        sending.mark_failed(reply, error.reason)


def _find(reply: Reply, connector: Connector, access: Access, outgoing: OutgoingReply) -> None:
    try:
        found = connector.find_reply(access, outgoing)
    except Gone as error:
        sending.mark_gone(reply, error.reason)
        return
    except Rejected as error:
        sending.mark_refused(reply, error.reason)
        return
    except ConnectorError as error:
        logs.event(log, "look_failed", reply_id=reply.id, error=type(error).__name__)
        if not reply.pending:  # one that is published already is looked for again when the claim runs out
            sending.look_later(reply, error.reason if isinstance(error, Permanent) else "")
        return
    if reply.pending:
        sending.settle(reply, found)
    elif found is not None:
        sending.mark_sent(reply, found)
    elif reply.mode == "assisted":
        _confirm(reply, only_one=connector.capabilities.one_reply_only)
    else:
        sending.not_found(reply)


def _confirm(reply: Reply, *, only_one: bool) -> None:
    """Take the only answer that the site shows for ours, however its moderators changed it; else look again."""
    seen = replies.answer_since(reply) if only_one else None
    if seen is not None:
        sending.mark_sent(reply, SentReply(seen.remote_id, seen.url))
    else:
        sending.look_later(reply)


@job("ingest")
def wake(organisation: str, conversation_id: str) -> None:
    """Open a snoozed conversation whose time has come."""
    scope.enter(UUID(organisation))
    conversations.wake(UUID(organisation), UUID(conversation_id))
    commit()
