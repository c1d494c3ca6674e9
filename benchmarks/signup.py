"""From the six-digit code to a filled inbox: first items on screen, and 6,000 items over three channels.

Two real worker processes, the scheduler and the sandbox at 50 ms a request; the browser is Flask's test client on the
same database, asking for the inbox again and again as a reader would.
"""

import csv
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from benchmarks.measure import Figure
from benchmarks.servers import Bench, bench
from healthberry.local.mailbox import Mailbox
from healthberry.register.load import load

TRUST, DOMAIN = "RYJ", "imperial.nhs.uk"
SHARES = {"nhsuk": 3_200, "careopinion": 2_000, "x": 800}  # X lets nobody reach further back than 800 mentions
LATENCY_SECONDS = 0.05
_ROOT = Path(__file__).resolve().parent.parent
KEYS = {
    name: f"{name.lower()}-for-benchmarks"
    for name in (
        "NHSUK_SUBSCRIPTION_KEY",
        "CAREOPINION_SUBSCRIPTION_KEY",
        "X_BEARER_TOKEN",
        "X_CLIENT_ID",
        "X_CLIENT_SECRET",
    )
}


def main() -> list[Figure]:
    """Sign up as a trust and watch its history arrive."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        folder = stack.enter_context(_folder())
        mailbox = Mailbox(folder)
        stack.callback(mailbox.stop)
        more = {"SANDBOX_URL": sandbox, "MAIL_URL": mailbox.mail_url, "POLL_SECONDS": "60"}
        running = stack.enter_context(bench({**KEYS, **more}))
        _load_register(running)
        _fill(sandbox)
        for command in (["worker.py"], ["worker.py"], ["-m", "healthberry.cli", "scheduler"]):
            stack.enter_context(_process(running, command))
        running.app.config["WTF_CSRF_ENABLED"] = False
        return _watch(running.app.test_client(), mailbox, running)


def _watch(client: FlaskClient, mailbox: Mailbox, running: Bench) -> list[Figure]:
    began = _sign_up(client, mailbox)
    first = None
    engine = create_engine(running.postgres.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    wanted, loaded = sum(SHARES.values()), 0
    while loaded < wanted and time.monotonic() - began < 180:
        if first is None and 'id="conversation-' in client.get("/inbox").get_data(as_text=True):
            first = time.monotonic() - began
        with engine.connect() as connection:
            loaded = connection.execute(text("SELECT count(*) FROM messages WHERE direction = 'inbound'")).scalar_one()
        time.sleep(0.1)
    took = time.monotonic() - began
    engine.dispose()
    note = f"{loaded:,} of {wanted:,} items"
    return [
        Figure("code typed to first items on screen", first if first is not None else float("inf"), "s", 5),
        Figure(
            "code typed to all history loaded, 50 ms a request",
            took if loaded >= wanted else float("inf"),
            "s",
            60,
            note=note,
        ),
    ]


def _sign_up(client: FlaskClient, mailbox: Mailbox) -> float:
    client.post("/signup/you", data={"ods": TRUST, "name": "Pat Reader", "email": f"pat@{DOMAIN}"})
    mail = mailbox.wait_for(lambda letter: f"pat@{DOMAIN}" in letter.to, 30)
    code = re.search(r"\b\d{3} \d{3}\b", mail.text)
    assert code is not None
    began = time.monotonic()
    assert client.post("/code", data={"code": code.group(0)}).status_code == 303
    return began


def _fill(sandbox: str) -> None:
    page = httpx.get(f"{sandbox}/websites/www.{DOMAIN}/").text
    found = re.search(r"https://x\.com/(?!hashtag|share|intent|home|search)(\w+)", page)
    assert found is not None
    for channel, count in SHARES.items():
        lines = io.StringIO()
        writer = csv.writer(lines)
        writer.writerow(["words"])
        writer.writerows([f"The staff on ward {number} were kind, the wait was long."] for number in range(count))
        place = {"handle": found.group(1)} if channel == "x" else {"ods_code": TRUST}
        body = {"channel": channel, "csv": lines.getvalue(), "text_column": "words", **place}
        httpx.post(f"{sandbox}/control/corpus", json=body, timeout=120).raise_for_status()
    httpx.post(f"{sandbox}/control/settings", json={"latency_seconds": LATENCY_SECONDS}).raise_for_status()


def _load_register(running: Bench) -> None:
    engine = create_engine(running.postgres.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        load(connection)
    engine.dispose()


@contextmanager
def _process(running: Bench, command: list[str]) -> Iterator[None]:
    environment = {**os.environ, **running.environment}
    process = subprocess.Popen([sys.executable, *command], cwd=_ROOT, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def sandbox_server() -> Iterator[str]:
    """Start an empty sandbox without limits; give its address."""
    environment = {
        **os.environ,
        **KEYS,
        "SANDBOX_SEED_ITEMS": "0",
        "SANDBOX_LIFE_SECONDS": "0",
        "SANDBOX_RATE_LIMITS": "off",
    }
    command = [sys.executable, "-m", "healthberry.sandbox", "--port", "0"]
    process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = next(line for line in process.stdout if "ready" in line)
    try:
        yield ready.split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="healthberry-bench-mail-") as name:
        yield Path(name)


if __name__ == "__main__":
    for figure in main():
        print(figure.line())
