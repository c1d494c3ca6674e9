"""The sweep: what the database says is due is nudged again, whether or not its nudge was lost. And tidying up."""

from uuid import UUID

from healthberry.core import (
    audit_log,
    codes,
    failed_work,
    keeping_nights,
    operator_sessions,
    outages,
    pending_links,
    processes,
    scope,
    staleness,
    unlinking,
)
from healthberry.core import imports as uploads
from healthberry.core import sweep as due
from healthberry.core.events import commit
from healthberry.jobs import (
    alerts,
    batches,
    claims,
    imports,
    ingest,
    keeping,
    pushes,
    replies,
    revoking,
    tokens,
    walks,
    withdrawing,
)
from healthberry.jobs.base import job, nudge_once
from healthberry.version import VERSION


@job("ingest", timeout_seconds=60)
def sweep() -> None:
    """Nudge everything that is due, and note that a worker is alive."""
    processes.beat(processes.SWEEP)
    failed_work.release_for(VERSION)
    failed_work.forget_old()
    work, held, silent = due.due_work(), failed_work.held(), staleness.changed()
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
        "walk": walks.walk,
        "compare": walks.compare,
        "unread": walks.read_quarantined,
        "night": keeping.let_go,
        "erasure": keeping.erase,
        "claim": claims.attend,
        "disclosure": withdrawing.withdraw,
    }
    free = [one for one in work if (jobs[one.kind].kind, one.organisation_id, one.id) not in held]
    for kind, organisation_id, row_id in due.one_mail_each(free):
        batches.nudge_once(jobs[kind], *dict.fromkeys((organisation_id, row_id)))  # to be looked for: its own id, once
    for organisation_id, channel_id in silent:
        nudge_once(notice, organisation_id, channel_id)


@job("alerts", timeout_seconds=60)
def notice(organisation: str, channel_id: str) -> None:
    """Notice that a channel has become silent, or is read again; a second time: nothing changes."""
    scope.enter(UUID(organisation))
    staleness.notice(UUID(organisation), UUID(channel_id))
    commit()


@job("backfill", timeout_seconds=120)
def erase(organisation: str, channel_id: str) -> None:
    """Erase the next part of what an unlinked channel brought; the rest is another job's."""
    scope.enter(UUID(organisation))
    more = unlinking.erase_part(UUID(organisation), UUID(channel_id))
    commit()
    if more:
        erase.nudge(organisation, channel_id)


@job("ingest", timeout_seconds=60)
def tidy() -> None:
    """Delete codes, half-finished links and files that nobody came back to; make up for a night that was lost."""
    codes.forget_old()
    operator_sessions.forget_old()
    pending_links.forget_old()
    uploads.forget_old()
    processes.forget_old()
    keeping_nights.make_up()
    outages.forget_old()
    audit_log.let_go_of_installation()
    commit()
