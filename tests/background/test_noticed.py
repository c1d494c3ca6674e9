"""A worker, a sender or a scheduler that stops is noticed on pages, by mail and in `/health`; so is its coming back."""

import functools
import re
import signal
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from flask import Flask

from healthberry.local.mailbox import Mailbox
from tests.background.conftest import Processes, Records, eventually
from tests.realtime.pages import cookie_of, open_remote_page
from tests.world import World

OPERATOR = "operator@example.org"
WATCHED = {"SILENT_SECONDS": "8", "OPERATOR_EMAIL": OPERATOR}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener


def _mails(mailbox: Mailbox, subject: str) -> list[str]:
    return [one.text for one in mailbox.messages() if OPERATOR in one.to and subject in one.subject]


def _banner(page: str) -> str:
    found = re.search(r'<div id="outage" role="status">(.*?)</div>\s*(?:</div>|<)', page, re.DOTALL)
    assert found is not None, page
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def _says_told(site: httpx.Client, address: str) -> bool:
    return "has been told at" in _banner(site.get(address, follow_redirects=True).text)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def test_workers_that_are_killed_are_noticed_shown_and_mailed_once_and_so_is_their_return(
    app: Flask, world: World, processes: Processes, records: Records, mailbox: Mailbox, door: socket.socket
) -> None:
    member = world.member(world.organisation())
    port = door.getsockname()[1]
    site = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Cookie": cookie_of(app, member)}, timeout=60)
    workers = [processes.worker("ingest", "backfill", **WATCHED), processes.worker("replies", "alerts", **WATCHED)]
    processes.scheduler(**WATCHED)
    processes.web(door, **WATCHED)
    eventually(lambda: records.living("worker") and records.living("sender") and records.living("scheduler"))
    eventually(lambda: records.living("sweep"))
    open_page = open_remote_page(port, cookie_of(app, member), "view=inbox", 0)

    for worker in workers:
        _kill(worker)

    told = eventually(lambda: _mails(mailbox, "part"))
    assert "No worker reads channels" in told[0]
    assert "No worker sends replies and alerts" in told[0]
    eventually(lambda: site.get("/health").status_code == 503)
    assert site.get("/health").json()["silent"] == ["worker", "sender"]
    assert site.get("/health/web").status_code == 200
    heard = open_page.next().data
    while "has been told at" not in heard:
        heard = open_page.next().data
    assert 'hx-target="#outage"' in heard
    for address in ("/", "/settings", "/channels"):
        eventually(functools.partial(_says_told, site, address))
    words = _banner(site.get("/settings").text)
    assert re.search(r"New feedback and replies are not being handled .* operator has been told at \d\d:\d\d\.", words)

    processes.worker(**WATCHED)

    over = eventually(lambda: _mails(mailbox, "runs again"))
    assert "No worker reads channels" in over[0]
    eventually(lambda: site.get("/health").status_code == 200)
    while "told at" in heard or "not being" in heard:
        heard = open_page.next().data
    assert "banner" not in heard
    eventually(lambda: not _banner(site.get("/settings").text))
    assert (len(_mails(mailbox, "part")), len(_mails(mailbox, "runs again"))) == (1, 1)
    open_page.close()
    site.close()


def test_a_scheduler_that_is_frozen_is_noticed_although_its_process_is_there(
    app: Flask, world: World, processes: Processes, records: Records, mailbox: Mailbox, door: socket.socket
) -> None:
    processes.worker(**WATCHED)
    scheduler = processes.scheduler(**WATCHED)
    processes.web(door, **WATCHED)
    eventually(lambda: records.living("worker") and records.living("scheduler") and records.living("sweep"))

    scheduler.send_signal(signal.SIGSTOP)
    told = eventually(lambda: _mails(mailbox, "part"))
    scheduler.send_signal(signal.SIGCONT)
    over = eventually(lambda: _mails(mailbox, "runs again"))

    assert "The scheduler is silent" in told[0]
    assert "No worker" not in told[0]
    assert (len(told), len(over)) == (1, 1)
