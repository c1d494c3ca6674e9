"""Answering an e-mail in its thread, once; how far an earlier attempt came: email_sending.py."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from healthberry.connectors import email_reach as reach
from healthberry.connectors import email_sending, letters, smtp
from healthberry.connectors.base import Access, Reply, ReplyPermission, ReplyTarget, ReplyWay, SentReply
from healthberry.connectors.email_box import Box
from healthberry.connectors.errors import Permanent, Rejected
from healthberry.connectors.letters import Letter

_NOBODY_KNOWS: Final = (
    "The connection broke while the e-mail was being handed over, and nobody can look whether it went out."
    " Ask whoever you wrote to, or wait a day: then this can be sent again."
)
_OTHER: Final = (
    "This e-mail came from another address than the one that began the conversation. Make sure whom you answer."
)


def may_reply(target: ReplyTarget) -> ReplyPermission:
    """Say that whoever wrote can be answered; warn where it was another than who began."""
    if target.may_not_reply or not letters.is_address(str(target.source.get("email", ""))):
        return ReplyPermission("none", target.may_not_reply or "This e-mail does not say whom to answer.")
    ways = (ReplyWay("", f"Answer {target.source['email']}", _OTHER),) if target.source.get("other_sender") else ()
    return ReplyPermission("api", ways=ways)


def reply(open_box: Callable[[Access], Box], access: Access, reply: Reply, wait: float | None) -> SentReply:
    """Send an e-mail in the thread, unless it went out before. `wait`: seconds. Raises: as smtp.py says."""
    letter = _letter(access, reply)
    message, sent = letters.write(letter), str(access.config.get("sent") or "")
    server, signing = reach.server(access, "smtp"), reach.signing(access)
    with email_sending.nothing_sent():
        box = open_box(access)
    with box:
        with email_sending.nothing_sent():
            state = email_sending.look(box, sent, letter.message_id)[0] if sent else "none"
        if state == "sent":
            return SentReply(letter.message_id, None)
        if not sent or access.config.get("files_copies") is True:
            smtp.hand_over(message, letter.sender, letter.recipient, server, signing, timeout=wait)
        else:
            email_sending.send(box, sent, message, letter.sender, letter.recipient, server, signing, wait)
    return SentReply(letter.message_id, None)


def find_reply(open_box: Callable[[Access], Box], access: Access, reply: Reply) -> SentReply | None:
    """Look in the folder for sent e-mail. Raises: Permanent where it does not say; Temporary."""
    message_id = _letter(access, reply).message_id
    sent = str(access.config.get("sent") or "")
    if not sent:
        raise Permanent(_NOBODY_KNOWS)
    with open_box(access) as box:
        state, _ = email_sending.look(box, sent, message_id)
    if state == "begun":
        raise Permanent(_NOBODY_KNOWS)
    return SentReply(message_id, None) if state == "sent" else None


def _letter(access: Access, reply: Reply) -> Letter:
    source: Mapping[str, Any] = reply.target.source
    recipient, sender = str(source.get("email", "")), reach.address(access)
    if not letters.is_address(recipient):
        raise Rejected("This e-mail does not say whom to answer.")
    answered = str(source.get("message_id", ""))
    return Letter(
        sender,
        reply.author_name,
        recipient,
        letters.answer_subject(str(source.get("subject", ""))),
        reply.text,
        letters.own_id(reply.key, reply.target.thread_id, recipient, sender),
        answered,
        [*str(source.get("references", "")).split(), *([answered] if answered else [])],
    )
