"""The sandbox over real HTTP, and a hand on its controls."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry

_ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "NHSUK_SUBSCRIPTION_KEY": "nhsuk-key",
    "NHSUK_PUBLISHER_ID": "EXAMPLEPUB",
    "NHSUK_PUBLISHER_KEY": "publisher-key",
    "CAREOPINION_SUBSCRIPTION_KEY": "careopinion-key",
    "X_BEARER_TOKEN": "x-bearer",
    "X_CLIENT_ID": "x-client",
    "X_CLIENT_SECRET": "x-client-secret",
    "X_CONSUMER_SECRET": "x-consumer-secret",
    "GOOGLE_CLIENT_ID": "google-client",
    "GOOGLE_CLIENT_SECRET": "google-client-secret",
    "GOOGLE_PUSH_AUDIENCE": "google-push-audience",
    "GOOGLE_PUSH_EMAIL": "pusher@tests.iam.gserviceaccount.com",
    "GOOGLE_PUBSUB_TOPIC": "projects/tests/topics/reviews",
    "YOUTUBE_API_KEY": "youtube-key",
    "FACEBOOK_APP_ID": "1517776481860111",
    "FACEBOOK_APP_SECRET": "sandbox-app-secret",
    "FACEBOOK_VERIFY_TOKEN": "facebook-verify-token",
    "MICROSOFT_CLIENT_ID": "microsoft-client",
    "MICROSOFT_CLIENT_SECRET": "microsoft-client-secret",
}
# The sandbox may want secrets that belong to one channel alone, and are no installation's.
CREDENTIALS = registry.Credentials(
    **{one.name: KEYS[one.name.upper()] for one in fields(registry.Credentials) if one.name.upper() in KEYS}
)


class Sandbox:
    """A running sandbox: its address and its control API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def post(self, channel: str, **fields: Any) -> str:
        """Write as a patient; return the remote id."""
        return str(self._json("POST", "/control/posts", {"channel": channel, **fields})["remote_id"])

    def corpus(self, channel: str, where: Mapping[str, str], texts: Sequence[str]) -> list[str]:
        """Load past items; return their remote ids."""
        csv = "text\n" + "".join('"' + text.replace('"', '""') + '"\n' for text in texts)
        answer = self.http.post("/control/corpus", data={"channel": channel, **where}, files={"file": ("c.csv", csv)})
        answer.raise_for_status()
        return list(map(str, answer.json()["remote_ids"]))

    def served(self, channel: str, where: Mapping[str, str]) -> set[str]:
        """Return the ids of everything that is published."""
        answer = self.http.get(f"/control/posts/{channel}", params=dict(where))
        answer.raise_for_status()
        return set(map(str, answer.json()["remote_ids"]))

    def look(self, channel: str, remote_id: str) -> dict[str, Any]:
        """Return one item with its state and replies."""
        return self._json("GET", f"/control/posts/{channel}/{remote_id}")

    def withdraw(self, channel: str, remote_id: str) -> None:
        """Take an item down."""
        self.http.delete(f"/control/posts/{channel}/{remote_id}").raise_for_status()

    def edit(self, channel: str, remote_id: str, text: str) -> None:
        """Change an item's words as its author would."""
        self._json("PATCH", f"/control/posts/{channel}/{remote_id}", {"text": text})

    def fault(self, channel: str, kind: str, times: int = 1, **more: Any) -> None:
        """Make the next calls fail."""
        self._json("POST", "/control/faults", {"channel": channel, "kind": kind, "times": times, **more})

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """Start a sandbox on a free port, without seeded items, life of its own or rate limits; it ends with the block."""
    environment = {
        **os.environ,
        **KEYS,
        "SANDBOX_SEED_ITEMS": "0",
        "SANDBOX_LIFE_SECONDS": "0",
        "SANDBOX_RATE_LIMITS": "0",
        "SANDBOX_LATENCY_SECONDS": "0",
        "SANDBOX_CAREOPINION_DELAY_SECONDS": "0",
        "SANDBOX_NHSUK_DELAY_SECONDS": "0",
        "SANDBOX_GOOGLE_DELAY_SECONDS": "0",
        "SANDBOX_DATA": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "healthberry.sandbox", "--port", "0"],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert "http://" in ready, "the sandbox did not start"
    running = Sandbox(ready[ready.index("http://") :].split()[0])
    try:
        yield running
    finally:
        running.http.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox of all these tests."""
    with running_sandbox() as running:
        yield running
