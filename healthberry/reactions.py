"""The table "event -> what follows", beyond what its own transaction already did.

A subscriber gets ids and nudges a job; the database already knows what is to be done, so a nudge that is lost costs
only the time until the next sweep.
"""

from collections.abc import Mapping, Sequence

from healthberry.core.events import Event, Subscriber
from healthberry.core.pushes import forget_called
from healthberry.jobs import (
    alerts,
    batches,
    claims,
    imports,
    ingest,
    keeping,
    maintenance,
    pushes,
    replies,
    revoking,
    walks,
    withdrawing,
)
from healthberry.realtime import publish


def table() -> Mapping[str, Sequence[Subscriber]]:
    """Return what follows each kind of event; "*" is every event."""
    return {
        "organisation_joined": [_look_for_channels],
        "channels_wanted": [_look_for_channels],
        "channel_linked": [_read_channel],
        "channel_connected": [_read_channel],
        "channel_wanted": [_poll_channel],
        "channel_read": [_notice],
        "walk_wanted": [_walk],
        "walk_ended": [_compare],
        "quarantine_wanted": [_read_quarantined],
        "channel_unlinked": [_erase_channel, _give_back],
        "delivery_kept": [_take_delivery],
        "mail_queued": [_send_mail],
        "reply_queued": [_send_reply],
        "import_waiting": [_work_on_import],
        "erasure_begun": [_erase_author],
        "claim_made": [_attend_claim],
        "breach_reported": [_take_down],
        "*": [_look_up_anew, _tell_open_pages],
    }


def _look_up_anew(event: Event) -> None:
    if event.channel_id and event.kind.startswith("channel"):
        forget_called(event.channel_id)


def _look_for_channels(event: Event) -> None:
    ingest.discover.nudge(event.organisation_id)


def _read_channel(event: Event) -> None:
    ingest.backfill.nudge(event.organisation_id, event.channel_id)


def _poll_channel(event: Event) -> None:
    ingest.poll.nudge(event.organisation_id, event.channel_id)


def _notice(event: Event) -> None:
    maintenance.notice.nudge(event.organisation_id, event.channel_id)


def _walk(event: Event) -> None:
    walks.walk.nudge(event.organisation_id, event.channel_id)


def _compare(event: Event) -> None:
    walks.compare.nudge(event.organisation_id, event.channel_id)


def _read_quarantined(event: Event) -> None:
    walks.read_quarantined.nudge(event.organisation_id, event.channel_id)


def _erase_channel(event: Event) -> None:
    maintenance.erase.nudge(event.organisation_id, event.channel_id)


def _give_back(event: Event) -> None:
    revoking.revoke.nudge(event.organisation_id, event.channel_id)


def _take_delivery(event: Event) -> None:
    batches.nudge(pushes.take, str(event.organisation_id), str(event.channel_id))


def _send_mail(event: Event) -> None:
    batches.nudge(alerts.send_mail, str(event.organisation_id), str(event.subject_id))


def _send_reply(event: Event) -> None:
    replies.send_reply.nudge(event.organisation_id, event.subject_id)


def _work_on_import(event: Event) -> None:
    imports.work.nudge(event.organisation_id, event.subject_id)


def _erase_author(event: Event) -> None:
    keeping.erase.nudge(event.organisation_id, event.subject_id)


def _attend_claim(event: Event) -> None:
    claims.attend.nudge(event.organisation_id, event.subject_id)


def _take_down(event: Event) -> None:
    withdrawing.withdraw.nudge(event.organisation_id, event.subject_id)


def _tell_open_pages(event: Event) -> None:
    if event.number:
        publish.publish(event)
