"""Staff who answer through the web: what dies under their hands is sent off again with the same form.

Now and then a form is sent twice at the same moment, as by an impatient hand. Each reply has words of its own, so that
it can be counted on the channel.
"""

import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from random import Random
from uuid import UUID

import httpx
import psycopg

from healthberry.session_cookie import SessionCookie
from tests.chaos.channels import written
from tests.chaos.house import House

_CHOOSE = """
SELECT c.organisation_id, c.id FROM conversations c JOIN channels h ON h.id = c.channel_id
 WHERE h.kind = ANY(%(kinds)s) AND c.status = 'open' AND NOT c.replied
   AND NOT EXISTS (SELECT 1 FROM replies r WHERE r.conversation_id = c.id AND r.state <> 'cancelled')
 ORDER BY random() LIMIT 20
"""
_TAKEN = "SELECT id FROM replies WHERE organisation_id = %s AND conversation_id = %s AND text = %s"
_FAILED = "SELECT organisation_id, id, reason FROM replies WHERE state = 'failed'"
_TWICE = 0.1
_PATIENCE_SECONDS = 300
_TRIES = 5  # with what a refused form came back with
_BROKEN = 500


@dataclass(frozen=True)
class Answer:
    """A reply that the web took."""

    organisation_id: UUID
    conversation_id: UUID
    text: str


class Staff(threading.Thread):
    """Answers so many conversations of these kinds; `taken` are the replies that the web took."""

    def __init__(
        self,
        house: House,
        sessions: Mapping[UUID, str],
        kinds: Sequence[str],
        count: int,
        seconds: float,
        random: Random,
    ) -> None:
        super().__init__(name="staff", daemon=True)
        self._house, self._kinds, self._count, self._random = house, list(kinds), count, random
        self._pause = seconds / max(count, 1)
        self._browsers = {one: _browser(house, session) for one, session in sessions.items()}
        self._pool = ThreadPoolExecutor(2)
        self.ended = threading.Event()
        self.taken: list[Answer] = []
        self.again = 0  # forms that were sent off more than once
        self.retried = 0  # replies that failed and were sent again by their button

    def run(self) -> None:
        """Answer until enough were taken."""
        while len(self.taken) < self._count and not self.ended.is_set():
            began = time.monotonic()
            try:
                self._next()
            except (httpx.HTTPError, psycopg.Error, OSError):
                self.ended.wait(0.2)
                continue
            self.ended.wait(max(0.0, self._pause - (time.monotonic() - began)))

    def close(self) -> None:
        """Let the browsers go."""
        self._pool.shutdown(wait=True)
        for one in self._browsers.values():
            one.close()

    def press_retry(self) -> int:
        """Send every failed reply again, as its button does; return how many there were."""
        with self._house.connect() as connection:
            failed = connection.execute(_FAILED).fetchall()
        for organisation_id, reply_id, _ in failed:
            browser = self._browsers[organisation_id]
            page = browser.get("/settings")
            browser.post(f"/replies/{reply_id}/retry", data={"csrf_token": _field(page.text, "csrf_token")})
            self.retried += 1
        return len(failed)

    def _next(self) -> None:
        with self._house.connect() as connection:
            waiting = connection.execute(_CHOOSE, {"kinds": self._kinds}).fetchall()
        if not waiting:
            self.ended.wait(0.5)
            return
        organisation_id, conversation_id = waiting[0]
        self._answer(organisation_id, conversation_id)

    def _answer(self, organisation_id: UUID, conversation_id: UUID) -> None:
        """Write an answer until the web took it, or the conversation is answered already."""
        browser, text = self._browsers[organisation_id], written(self._random, f"reply{len(self.taken)}x")
        page = self._ask(browser, "GET", f"/conversations/{conversation_id}", {})
        for _ in range(_TRIES):
            form = {name: _field(page, name) for name in ("csrf_token", "version")} | {"text": text}
            if not form["version"]:
                return  # nothing to answer here any more
            page = self._send(browser, f"/conversations/{conversation_id}/reply", form)
            if self._is_taken(organisation_id, conversation_id, text):
                self.taken.append(Answer(organisation_id, conversation_id, text))
                return

    def _send(self, browser: httpx.Client, path: str, form: Mapping[str, str]) -> str:
        """Send a form, sometimes twice at once; return the page that follows."""
        if self._random.random() >= _TWICE:
            return self._ask(browser, "POST", path, form)
        self.again += 1
        both = [self._pool.submit(self._ask, browser, "POST", path, form) for _ in range(2)]
        return [one.result() for one in both][-1]

    def _ask(self, browser: httpx.Client, method: str, path: str, form: Mapping[str, str]) -> str:
        """Ask with the very same form until there is an answer that is none of a broken server."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = browser.request(method, path, data=dict(form) or None)
                if answer.status_code < _BROKEN:
                    return answer.text
            except httpx.HTTPError:
                pass
            self.again += method == "POST"
            self.ended.wait(0.2)
        raise TimeoutError(f"{method} {path} is never answered")

    def _is_taken(self, organisation_id: UUID, conversation_id: UUID, text: str) -> bool:
        while True:
            try:
                with self._house.connect() as connection:
                    return connection.execute(_TAKEN, (organisation_id, conversation_id, text)).fetchone() is not None
            except (psycopg.Error, OSError):
                self.ended.wait(0.2)


def _browser(house: House, session: str) -> httpx.Client:
    signer = SessionCookie().get_signing_serializer(house.app)
    assert signer is not None
    browser = httpx.Client(base_url=house.web, trust_env=False, timeout=20)
    value = signer.dumps({"_user_id": session, "_fresh": True})
    browser.cookies.set(house.app.config["SESSION_COOKIE_NAME"], value, domain="127.0.0.1", path="/")
    return browser


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return unescape(found[1]) if found else ""
