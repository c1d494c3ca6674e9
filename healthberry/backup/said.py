"""What the operator is told at the end of a backup, of a check and of a restore."""

from collections.abc import Iterator

import psycopg

from healthberry.backup.restore import Restored
from healthberry.backup.take import Backup


def of_backup(made: Backup) -> str:
    """Say where the backup is and what it holds."""
    return f"{made.path} holds {_content(made)}. It was read back and is right."


def of_check(found: Backup) -> str:
    """Say what a file holds that was read."""
    head = found.head
    return (
        f"{found.path} is whole and right: {_content(found)}, taken at {head.taken_at} by HealthBerry {head.version}"
        f" (schema {head.revision}, PostgreSQL {head.server})."
    )


def of_restore(done: Restored) -> Iterator[str]:
    """Say line by line what was restored, and what people have to know and do now."""
    at = f"{done.taken_at:%d %B %Y, %H:%M} UTC"
    rows = sum(one.rows for one in done.counted.values())
    yield f"Restored {rows:,} rows in {len(done.counted)} tables; each table is, row for row, as it was at {at}."
    for name in done.foreign:
        yield f"Left out: the table {name}, which is none of HealthBerry's."
    yield ""
    yield f"What happened after {at} is not here. So, before you start HealthBerry:"
    yield "- Erasures that were done since must be done again, and so must restrictions: see your list of requests."
    yield "- People who left since are members again: remove them under People. Everybody has to sign in again."
    yield "- Empty Valkey (FLUSHDB): what waits there belongs to what was lost. Nothing in it is needed."
    yield "- Channels that were unlinked since are linked again; some sites may ask you to connect theirs again."
    yield from _in_flight(done)


def _in_flight(done: Restored) -> Iterator[str]:
    after = done.after
    if after.replies:
        yield f"- {after.replies} replies were on their way: each is looked for on its site before it is sent, if ever."
    if after.mails:
        yield f"- {len(after.mails)} e-mails were waiting. They may have gone out since, so they are not sent:"
        for mail in after.mails:
            yield f"    {mail.queued_at:%Y-%m-%d %H:%M} UTC  {mail.organisation}  {mail.email}  {mail.kind}"
    if after.unopened:
        yield (
            f"- {len(after.unopened)} channels can't be opened with CHANNEL_KEYS as set. Add the keys of the time of"
            " the backup, or connect these again:"
        )
        for channel_id in after.unopened:
            yield f"    {channel_id}"
    if after.forgetful:
        yield (
            f"- {len(after.forgetful)} organisations can't tell with CHANNEL_KEYS as set what was erased on request:"
            " their sources could bring it back. Add the keys of the time of the backup before anything is read:"
        )
        for organisation_id in after.forgetful:
            yield f"    {organisation_id}"


def of_database(error: BaseException | None) -> str:
    """Say what PostgreSQL refused, without values: these may be words of patients."""
    if isinstance(error, psycopg.OperationalError):
        return f"The database did not do it: {(str(error).splitlines() or ['no reason given'])[0]}"
    state, constraint = "", ""
    if isinstance(error, psycopg.Error):
        state, constraint = error.sqlstate or "", error.diag.constraint_name or error.diag.table_name or ""
    return f"The database refused it: {' '.join(part for part in (type(error).__name__, state, constraint) if part)}."


def _content(one: Backup) -> str:
    return f"{one.rows:,} rows in {len(one.counted)} tables ({one.size_bytes / 1e6:,.1f} MB)"
