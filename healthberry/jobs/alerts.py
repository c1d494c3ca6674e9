"""Sending mails: alerts from the outbox, and letters that were posted sealed."""

import json
import logging
from collections.abc import Callable
from email.message import EmailMessage
from uuid import UUID

from healthberry import logs
from healthberry.core import (
    alerts,
    claim_mails,
    claim_times,
    events,
    failed_work,
    outbox,
    rights_mails,
    scope,
    sign_in_mails,
    silences,
)
from healthberry.core.deliveries import Progress
from healthberry.core.failed_work import Piece
from healthberry.core.vault import VaultError
from healthberry.extensions import part
from healthberry.jobs import batches
from healthberry.jobs.base import job
from healthberry.jobs.ending import Slice
from healthberry.mail import send
from healthberry.mail.alert import write_alert
from healthberry.mail.claim import write_claim
from healthberry.mail.headers import BadAddress
from healthberry.mail.outage import write_outage
from healthberry.mail.rights import write_letter
from healthberry.mail.sign_in import write_change
from healthberry.models.owned import now

log = logging.getLogger(__name__)

_NOT_ABOUT_FEEDBACK = {*silences.KINDS, *claim_mails.KINDS, *rights_mails.KINDS, sign_in_mails.KIND}


@job("alerts")
def send_mail(organisation_id: str, mail_id: str) -> None:
    """Send this mail, then whatever else of this organisation is due, over one connection; again: nothing is due.

    It goes on in another job when the slice is over, so that one organisation's mails do not hold up the others'.
    """
    organisation = UUID(organisation_id)
    scope.enter(organisation)
    part_of_it, progress = Slice(), Progress(organisation)
    with send.courier() as courier:
        mail = outbox.claim(organisation, UUID(mail_id)) or outbox.claim_next(organisation)
        while mail is not None and deliver(mail, courier, progress) and not part_of_it.over:
            mail = outbox.claim_next(organisation)
        progress.finish()
        events.commit()
    if mail is not None and part_of_it.over:
        batches.nudge_once(send_mail, organisation_id, mail_id)


@job("alerts", timeout_seconds=240)
def send_each() -> None:
    """Send the mails that wait, one organisation's after the other's, over one connection."""
    with send.one_courier():
        batches.work(send_mail)


batches.rounds_of(send_mail, send_each)


def deliver(mail: outbox.Claimed, courier: send.Courier, progress: Progress) -> bool:
    """Send one claimed mail, mark it and say so; return whether the mail server is worth the next one."""
    try:
        write = _loaded(mail)
    except alerts.NotNeeded as reason:
        outbox.skip(mail, str(reason))
        _moved(mail, progress)
        return True
    events.commit()  # the claim stands, and no database connection is held while the mail server is waited for
    goes_on = True
    try:
        courier.send(write())
    except send.NotSent as error:
        outbox.mark_failed(mail, error.reason, for_good=error.for_good)
        logs.event(log, "alert.not_sent", logging.WARNING, mail_id=mail.id, attempt=mail.attempt, reason=error.reason)
        goes_on = error.for_good
        if error.mailbox_refused:
            _mailbox_answered(mail, refused=True)
    except BadAddress:
        outbox.mark_failed(mail, "Their e-mail address can't be written to.", for_good=True)
    except Exception:
        log.exception("alert.not_written", extra={"fields": {"mail_id": mail.id}})
        outbox.mark_failed(mail, "This e-mail could not be written.")
    else:
        outbox.mark_sent(mail)
        _mailbox_answered(mail, refused=False)
    _moved(mail, progress)
    return goes_on


def _loaded(mail: outbox.Claimed) -> Callable[[], EmailMessage]:
    """Load all that the mail says; return what writes it once the database is let go. Raises: alerts.NotNeeded."""
    if mail.kind in silences.KINDS:
        outage = silences.load(mail)
        return lambda: write_outage(outage, mail.message_id)
    if mail.kind in claim_mails.KINDS:
        claim = claim_mails.load(mail)
        return lambda: write_claim(mail.kind, claim, mail.message_id)
    if mail.kind in rights_mails.KINDS:
        letter = rights_mails.load(mail)
        return lambda: write_letter(letter, mail.kind, mail.message_id)
    if mail.kind == sign_in_mails.KIND:
        change = sign_in_mails.load(mail)
        return lambda: write_change(change, mail.kind, mail.message_id)
    alert = alerts.load(mail)
    return lambda: write_alert(alert, mail.message_id)


def _mailbox_answered(mail: outbox.Claimed, *, refused: bool) -> None:
    """A mailbox that is gone proves nothing any more; that of a mail to somebody else is not the member's."""
    if mail.member_id is not None and mail.kind not in (claim_mails.CLAIM, claim_mails.DISPUTE_OPERATOR):
        claim_times.mailbox_answered(mail.organisation_id, mail.member_id, refused=refused)


def _moved(mail: outbox.Claimed, progress: Progress) -> None:
    """Pages show how alerts about feedback fare, and nothing of other mails.

    Whoever came here before and did not get this far has failed no more, whichever job it was.
    """
    failed_work.succeeded(Piece(send_mail.kind, mail.organisation_id, mail.id))
    if mail.kind not in _NOT_ABOUT_FEEDBACK:
        progress.moved(mail.conversation_id)
    events.commit()


@job("alerts", timeout_seconds=60)
def send_sealed(sealed: str) -> None:
    """Send a letter that `mail.send.post` sealed, unless it has lost its use; tried again at once when it fails."""
    try:
        letter = part("vault").open(sealed.encode())
    except VaultError:
        logs.event(log, "mail.sealed_with_another_key", logging.ERROR)
        return
    if now().timestamp() >= float(letter["until"]):
        logs.event(log, "mail.too_late", logging.WARNING, template=letter["template"])
        return
    send.send_template(letter["to"], letter["template"], context=json.loads(letter["context"]))
