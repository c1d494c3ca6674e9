"""The sweep: what the database says is due is nudged again, whether or not its nudge was lost. And tidying up."""

from uuid import UUID

from healthberry.core import codes, expiry, failed_work, outages, pending_links, processes, scope, unlinking
from healthberry.core import imports as uploads
from healthberry.core import sweep as due
from healthberry.core.events import commit
from healthberry.jobs import alerts, imports, ingest, pushes, replies, revoking, tokens
from healthberry.jobs.base import job, nudge_once


@job("ingest", timeout_seconds=60)
def sweep() -> None:
    """Nudge everything that is due, and note that a worker is alive."""
    processes.beat(processes.SWEEP)
    failed_work.release_for(processes.release())
    work, held = due.due_work(), failed_work.held()
    commit()
    jobs = {
        "backfill": ingest.backfill,
        "poll": ingest.poll,
        "delivery": pushes.take,
        "reread": pushes.reread,
        "recheck": ingest.recheck,
        "refresh": tokens.refresh_tokens,
        "reply": replies.send_reply,
        "mail": alerts.send_mail,
        "snoozed": replies.wake,
        "erase": erase,
        "import": imports.work,
        "revoke": revoking.revoke,
        "discover": ingest.discover,
    }
    for kind, organisation_id, row_id in work:
        if (jobs[kind].kind, organisation_id, row_id) not in held:
            nudge_once(jobs[kind], *dict.fromkeys((organisation_id, row_id)))  # to be looked for: its own id, once


@job("backfill", timeout_seconds=120)
def erase(organisation: str, channel_id: str) -> None:
    """Erase the next part of what an unlinked channel brought; the rest is another job's."""
    scope.enter(UUID(organisation))
    more = unlinking.erase_part(UUID(organisation), UUID(channel_id))
    commit()
    if more:
        erase.nudge(organisation, channel_id)


@job("ingest", timeout_seconds=60)
def expire_all() -> None:
    """Nudge the forgetting of what is too old, for each channel that has any; once a night."""
    due = expiry.due_channels()
    commit()
    for organisation_id, channel_id in due:
        nudge_once(expire, organisation_id, channel_id)


@job("backfill", timeout_seconds=120)
def expire(organisation: str, channel_id: str) -> None:
    """Forget the words of the next part of what is too old; the rest is another job's."""
    scope.enter(UUID(organisation))
    more = expiry.expire_part(UUID(organisation), UUID(channel_id))
    commit()
    if more:
        expire.nudge(organisation, channel_id)


@job("ingest", timeout_seconds=60)
def tidy() -> None:
    """Delete codes, half-finished links and uploaded files that nobody can use, or came back to."""
    codes.forget_old()
    pending_links.forget_old()
    uploads.forget_old()
    processes.forget_old()
    outages.forget_old()
    commit()
