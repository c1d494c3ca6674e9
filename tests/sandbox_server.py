"""Fixtures: the sandbox over real HTTP, as its own process, and its control API."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from healthberry.connectors.pace import Pace

KEYS = {
    "NHSUK_SUBSCRIPTION_KEY": "nhsuk-key-for-tests-0123456789abcdef",
    "NHSUK_PUBLISHER_ID": "EXAMPLEPUB",
    "NHSUK_PUBLISHER_KEY": "nhsuk-publisher-key-for-tests",
    "CAREOPINION_SUBSCRIPTION_KEY": "careopinion-key-for-tests",
    "X_BEARER_TOKEN": "x-bearer-token-for-tests",
    "X_CLIENT_ID": "x-client-id-for-tests",
    "X_CLIENT_SECRET": "x-client-secret-for-tests",
    "X_CONSUMER_SECRET": "x-consumer-secret-for-tests",
    "GOOGLE_CLIENT_ID": "google-client-id-for-tests",
    "GOOGLE_CLIENT_SECRET": "google-client-secret-for-tests",
    "GOOGLE_PUSH_AUDIENCE": "google-push-audience-for-tests",
    "GOOGLE_PUSH_EMAIL": "pusher@tests.iam.gserviceaccount.com",
    "GOOGLE_PUBSUB_TOPIC": "projects/tests/topics/reviews",
    "YOUTUBE_API_KEY": "youtube-api-key-for-tests",
    "FACEBOOK_APP_ID": "1517776481860111",
    "FACEBOOK_APP_SECRET": "sandbox-app-secret",
    "FACEBOOK_VERIFY_TOKEN": "facebook-verify-token-for-tests",
    "MICROSOFT_CLIENT_ID": "microsoft-client-id-for-tests",
    "MICROSOFT_CLIENT_SECRET": "microsoft-client-secret-for-tests",
}


@dataclass
class Sandbox:
    """A running sandbox. Its channels are empty until a test writes on them."""

    url: str
    http: httpx.Client

    def control(self, method: str, path: str, **options: Any) -> Any:
        """Call the control API and return its JSON; an error status fails the test."""
        answer = self.http.request(method, f"/control/{path}", **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def post(self, channel: str, text: str, **fields: Any) -> str:
        """Write as a patient; return the id by which the channel's API knows it."""
        made = self.control("POST", "posts", json={"channel": channel, "text": text, "author": "Marigold57", **fields})
        return str(made["remote_id"])

    def seen(self, channel: str, remote_id: str) -> Any:
        """Return what the channel's site shows of a post, with its replies."""
        return self.control("GET", f"posts/{channel}/{remote_id}")

    def answer(self, channel: str, remote_id: str, text: str) -> None:
        """Answer as the organisation on the channel's own site."""
        form = {"text": text, "author": "Patient Experience Team"}
        answer = self.http.post(f"/sites/{channel}/responses/{remote_id}", data=form)
        assert answer.status_code < 400, answer.text

    def fault(self, channel: str, kind: str, times: int = 1, **fields: Any) -> None:
        """Let the channel misbehave."""
        self.control("POST", "faults", json={"channel": channel, "kind": kind, "times": times, **fields})


@pytest.fixture(scope="session")
def _sandbox_url(servers_folder: Path) -> Iterator[str]:
    environment = {
        **os.environ,
        **KEYS,
        "SANDBOX_DATA": str(servers_folder / "sandbox.sqlite"),
        "SANDBOX_SEED_ITEMS": "0",
        "SANDBOX_LIFE_SECONDS": "0",
        "SANDBOX_RATE_LIMITS": "off",
        "SANDBOX_CAREOPINION_DELAY_SECONDS": "0",
        "SANDBOX_GOOGLE_DELAY_SECONDS": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "healthberry.sandbox", "--host", "127.0.0.1", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    found = next((match for line in process.stdout if (match := re.search(r"ready (http://\S+)", line))), None)
    assert found is not None, "the sandbox ended before it was ready"
    drain = threading.Thread(target=process.stdout.read, daemon=True)
    drain.start()
    yield found.group(1)
    process.terminate()
    process.wait(timeout=20)
    drain.join(timeout=5)
    process.stdout.close()


@pytest.fixture(scope="session")
def _sandbox(_sandbox_url: str) -> Iterator[Sandbox]:
    with httpx.Client(base_url=_sandbox_url, timeout=60, trust_env=False) as client:
        yield Sandbox(_sandbox_url, client)


@pytest.fixture
def sandbox(_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """An empty running sandbox that answers at once, and may be asked as often as one likes by this process."""
    monkeypatch.setattr(Pace, "wait", lambda pace: None)
    _sandbox.control("POST", "reset")
    return _sandbox
