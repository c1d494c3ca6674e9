"""The sandbox as a process of its own, over real HTTP."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.sandbox.conftest import KEYS

STORIES = {"Authorization": "SUBSCRIPTION_KEY stories"}
Started = tuple[subprocess.Popen[str], str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Return a function that starts a sandbox and returns its process and address."""
    running: list[subprocess.Popen[str]] = []

    def started(*options: str, **settings: str) -> Started:
        command = [sys.executable, "-m", "healthberry.sandbox", "--port", "0", *options]
        environment = {**os.environ, **KEYS, "SANDBOX_DATA": str(tmp_path / "data.sqlite"), **settings}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"sandbox ready (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        return process, found.group(1)

    yield started
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_ends_at_a_signal_and_keeps_what_it_was_told(
    start: Callable[..., Started], number: signal.Signals
) -> None:
    process, url = start(SANDBOX_SEED_ITEMS="0")
    body = {"channel": "careopinion", "ods_code": "RXX", "author": "Wren", "text": "hello"}
    told = httpx.post(f"{url}/control/posts", json=body).json()["remote_id"]
    httpx.post(f"{url}/control/faults", json={"channel": "nhsuk", "kind": "timeout_before", "times": 1, "seconds": 60})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{url}/nhsuk/comments/Comments?odsCode=RXX", timeout=0.2)
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - began < 6
    _, url = start()
    assert httpx.get(f"{url}/control/posts/careopinion/{told}").json()["text"] == "hello"


def test_a_hundred_at_once_are_served_side_by_side(start: Callable[..., Started]) -> None:
    _, url = start(SANDBOX_LATENCY_SECONDS="0.3", SANDBOX_RATE_LIMITS="off", SANDBOX_SEED_ITEMS="20")
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(limits=limits, headers=STORIES, timeout=30) as client, ThreadPoolExecutor(100) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: client.get(f"{url}/careopinion/api/v2/opinions?nacs=RXX"), range(100)))
        passed = time.monotonic() - began
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers if "Sorry!" not in answer.text}) == 1
    # One after the other they would take half a minute.
    assert passed < 15


def test_no_answer_waits_for_an_acknowledgement(start: Callable[..., Started]) -> None:
    _, url = start(SANDBOX_SEED_ITEMS="0")
    taken = []
    with httpx.Client(base_url=url) as client:
        for _ in range(60):
            began = time.perf_counter()
            client.get("/health").raise_for_status()
            taken.append(time.perf_counter() - began)
    # At first a connection acknowledges at once; later a delayed acknowledgement would cost every answer 40 ms.
    assert min(taken[30:]) < 0.035


def test_connections_really_close_and_really_hang(start: Callable[..., Started]) -> None:
    _, url = start(SANDBOX_SEED_ITEMS="0", SANDBOX_RATE_LIMITS="off")
    body = {"channel": "careopinion", "ods_code": "RXX", "author": "Wren", "text": "hello " * 500}
    httpx.post(f"{url}/control/posts", json=body)

    def order(kind: str) -> None:
        httpx.post(f"{url}/control/faults", json={"channel": "careopinion", "kind": kind, "times": 1, "seconds": 0})

    with httpx.Client(headers=STORIES, base_url=url) as client:
        for kind in ("timeout_before", "timeout_after", "cut_connection"):
            order(kind)
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/careopinion/api/v2/opinions?nacs=RXX")
        assert len(client.get("/careopinion/api/v2/opinions?nacs=RXX").json()) == 1
    httpx.post(f"{url}/control/websites", json={"host": "a.nhs.uk", "behaviour": "dead"})
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/websites/a.nhs.uk/")


def test_options_count_before_the_environment(start: Callable[..., Started]) -> None:
    _, url = start("--careopinion-subscription-key", "other", "--sandbox-seed-items", "4", SANDBOX_SEED_ITEMS="9")
    headers = {"Authorization": "SUBSCRIPTION_KEY other"}
    assert len(httpx.get(f"{url}/careopinion/api/v2/opinions?nacs=RXX", headers=headers).json()) == 4


def test_life_goes_on_by_itself(start: Callable[..., Started]) -> None:
    _, url = start(SANDBOX_LIFE_SECONDS="0.2", SANDBOX_SEED_ITEMS="0")
    httpx.get(f"{url}/careopinion/api/v2/opinions?nacs=RXX", headers=STORIES)
    deadline = time.monotonic() + 20
    while not httpx.get(f"{url}/health").json()["items"]["careopinion"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_wrong_settings_are_named_all_at_once_with_code_two() -> None:
    environment = {**os.environ, "SANDBOX_SEED_ITEMS": "many", "SANDBOX_SEED": "x", "SANDBOX_RATE_LIMITS": "maybe"}
    command = [sys.executable, "-m", "healthberry.sandbox"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    for name in ("SANDBOX_SEED_ITEMS", "SANDBOX_SEED must", "SANDBOX_RATE_LIMITS"):
        assert name in ended.stderr
