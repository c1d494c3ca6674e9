"""The door before the application: at most so many at once, the others are told when to come back."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client, run_wsgi_app
from werkzeug.wrappers import Response

from healthberry.admission import Admission


class Slow:
    """An application that answers when it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.inside.release()
        assert self.go.wait(10)
        if environ["PATH_INFO"] == "/breaks":
            raise ValueError
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]


def busy(slow: Slow, most: int, path: str = "/inbox") -> tuple[Admission, list[threading.Thread], list[Any]]:
    door = Admission(slow, most)
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(Client(door, Response).get(path, buffered=True).status_code)
        except ValueError:
            answers.append("broke")

    threads = [threading.Thread(target=ask) for _ in range(most)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert slow.inside.acquire(timeout=10)
    return door, threads, answers


def end(slow: Slow, threads: list[threading.Thread]) -> None:
    slow.go.set()
    for thread in threads:
        thread.join(10)


def test_more_than_may_be_inside_are_refused_and_let_in_again_afterwards() -> None:
    slow = Slow()
    door, threads, answers = busy(slow, 3)

    refused = Client(door, Response).get("/inbox")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3")
    assert "was not taken" in " ".join(refused.text.split())
    end(slow, threads)
    assert answers == [200] * 3
    assert Client(door, Response).get("/inbox", buffered=True).status_code == 200


def test_a_part_of_a_page_is_told_by_a_notice() -> None:
    slow = Slow()
    door, threads, _ = busy(slow, 1)
    refused = Client(door, Response).post("/conversations/1/reply", headers={"HX-Request": "true"})
    assert refused.headers["HX-Retarget"] == "#notice"
    assert "<html" not in refused.text
    end(slow, threads)


@pytest.mark.parametrize("path", ["/stream?view=inbox", "/health", "/metrics"])
def test_streams_and_the_operators_looks_are_never_refused(path: str) -> None:
    slow = Slow()
    door, threads, _ = busy(slow, 1)
    slow.go.set()
    assert Client(door, Response).get(path, buffered=True).status_code == 200
    end(slow, threads)


def test_a_request_that_breaks_leaves_its_place() -> None:
    slow = Slow()
    door, threads, answers = busy(slow, 2, "/breaks")
    end(slow, threads)
    assert answers == ["broke"] * 2
    assert Client(door, Response).get("/inbox", buffered=True).status_code == 200


def test_who_goes_away_before_the_end_of_an_answer_leaves_a_place() -> None:
    slow = Slow()
    slow.go.set()
    door = Admission(slow, 1)
    for _ in range(3):
        pieces, _, _ = run_wsgi_app(door, {"PATH_INFO": "/inbox", "REQUEST_METHOD": "GET"})
        pieces.close()  # type: ignore[attr-defined]
    assert Client(door, Response).get("/inbox", buffered=True).status_code == 200
