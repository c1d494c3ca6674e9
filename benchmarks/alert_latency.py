"""From the commit that stores a new conversation to the alert in each member's mailbox, with one worker process.

Two shapes: one conversation for one member, again and again (how long somebody waits), and a page of twenty
conversations for thirty members (how long the last of six hundred mails takes). The limit beside it is as many finished
mails handed straight to the same mail server over one connection.
"""

import os
import smtplib
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.measure import Figure, percentile
from benchmarks.servers import Bench, bench
from healthberry.connectors.base import Author, InboundItem
from healthberry.core import events, ingest, scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

TARGET_SECONDS = 30.0
_SINGLES, _MEMBERS, _PAGE = 20, 30, 20
_MOST_SECONDS = 120
_ROOT = Path(__file__).resolve().parent.parent


def main() -> list[Figure]:
    """Start a mailbox and a worker, let feedback arrive, return how long its mails took."""
    with tempfile.TemporaryDirectory(prefix="healthberry-bench-mail-") as folder:
        mailbox = Mailbox(Path(folder))
        try:
            with bench({"MAIL_URL": mailbox.mail_url}) as running, running.app.app_context():
                return _measured(running, mailbox)
        finally:
            mailbox.stop()


def _measured(running: Bench, mailbox: Mailbox) -> list[Figure]:
    command = [sys.executable, "worker.py", "alerts"]
    worker = subprocess.Popen(command, cwd=_ROOT, env={**os.environ, **running.environment})
    try:
        alone, many = _channel("alone", 1), _channel("many", _MEMBERS)
        _seconds_until(mailbox, alone, 1)  # the worker has started and imported everything
        waits = [_seconds_until(mailbox, alone, 1) for _ in range(_SINGLES)]
        page = _seconds_until(mailbox, many, _PAGE)
    finally:
        worker.terminate()
        worker.wait(20)
    mails = _PAGE * _MEMBERS
    return [
        Figure("alert of one new conversation, median", percentile(waits, 0.5), "s", TARGET_SECONDS),
        Figure("alert of one new conversation, slowest of 20", max(waits), "s", TARGET_SECONDS),
        Figure(f"last of {mails} alerts ({_PAGE} conversations, {_MEMBERS} members)", page, "s", TARGET_SECONDS),
        Figure("the same mails straight to the mail server", _straight(mailbox, mails), "s"),
    ]


def _channel(name: str, members: int) -> Channel:
    """Make an organisation with so many members and one channel whose history is loaded."""
    organisation = Organisation(name=f"Bench {name}", kind="trust", ods_code=name.upper(), discover_next_at=None)
    db.session.add(organisation)
    db.session.commit()
    scope.enter(organisation.id)
    channel = Channel(
        organisation_id=organisation.id, kind="nhsuk", remote_id=name, label=name, url="", backfill_state="done",
        created_at=now() - timedelta(days=1),
    )  # fmt: skip
    people = [
        Member(organisation_id=organisation.id, email=f"{name}{number}@bench.example", name="Ada", level=2)
        for number in range(members)
    ]
    db.session.add_all([channel, *people])
    db.session.commit()
    return channel


def _seconds_until(mailbox: Mailbox, channel: Channel, conversations: int) -> float:
    """Let so many conversations arrive; return the seconds from the commit to the last of their mails."""
    scope.enter(channel.organisation_id)
    recipients = db.session.query(Member).count()
    wanted = len(mailbox.messages()) + conversations * recipients
    ingest.store_page(channel, [_item() for _ in range(conversations)], backfill=False)
    events.commit()
    db.session.rollback()
    began = time.perf_counter()
    while len(mailbox.messages()) < wanted:
        if time.perf_counter() - began > _MOST_SECONDS:
            raise TimeoutError(f"{len(mailbox.messages())} of {wanted} mails arrived")
        time.sleep(0.01)
    return time.perf_counter() - began


def _item() -> InboundItem:
    name = f"r{time.perf_counter_ns()}"
    return InboundItem(name, name, "inbound", Author(None, "Marigold"), "They were kind.", now())


def _straight(mailbox: Mailbox, mails: int) -> float:
    """Hand over as many finished mails with nothing of ours in between."""
    letter = mailbox.letters.folder / f"{mailbox.messages()[0].number:08}.eml"
    raw = letter.read_bytes()
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as server:
        for _ in range(mails):
            server.sendmail("healthberry@example.org", ["ada@bench.example"], raw)
    return time.perf_counter() - began


if __name__ == "__main__":
    for figure in main():
        sys.stdout.write(f"{figure.line()}\n")
