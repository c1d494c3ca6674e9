"""Each web process looks whether what runs in the background lives, shows where it does not, and tells the operator.

By its own thread and its own connection to the mail server: it needs no worker, no scheduler and no queue.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app

from healthberry import logs
from healthberry.core import events, health, outages, processes, scope
from healthberry.core.alerts import mail_domain
from healthberry.extensions import part
from healthberry.mail import send
from healthberry.mail.headers import BadAddress
from healthberry.models.processes import Outage
from healthberry.realtime.hub import Hub
from healthberry.realtime.stream import frame

log = logging.getLogger(__name__)

_READING = {"worker", "scheduler", "sweep"}
# For the operator, as a sentence about what is not done.
WORDS = {
    "worker": "No worker reads channels (python worker.py).",
    "sender": "No worker sends replies and alerts (python worker.py replies alerts).",
    "scheduler": "The scheduler is silent (healthberry scheduler).",
    "listener": "The listener is silent (healthberry listen): channels with a stream are read by the clock alone.",
    "sweep": "Workers and scheduler live, but nothing that is due is looked for: is the queue (REDIS_URL) reachable?",
}


@dataclass(frozen=True)
class Shown:
    """What pages say: whether feedback is read, whether replies and alerts are sent, and since when the operator knows.

    `operator` says whether anybody is told at all.
    """

    reading: bool
    sending: bool
    told_at: datetime | None
    operator: bool


class Watch:
    """The look-out of one web process."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._since = time.monotonic()
        self._ended = threading.Event()

    def start(self) -> None:
        """Look again and again, in the background, as long as the process lives."""
        threading.Thread(target=self._run, daemon=True, name="watch").start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> None:
        """Look once: note what is silent and what is heard again, show it, and tell the operator."""
        with self._app.app_context():
            try:
                watched = timedelta(seconds=time.monotonic() - self._since)
                silent = {one.name: one.last_at for one in health.parts(watched) if one.silent}
                outages.follow(silent)
                events.commit()
                self._show()
                if part("settings").operator_email:
                    self._tell()
            finally:
                scope.leave()

    def _run(self) -> None:
        with self._app.app_context():
            pause = processes.beat_seconds()
        while not self._ended.wait(pause):
            try:
                self.look()
            except Exception as error:
                # What it saw last stays on the pages; `/health` says when it is the database itself.
                logs.event(log, "watch.failed", logging.WARNING, error=type(error).__name__)

    def _show(self) -> None:
        """Let pages of this process say how it is: those that are asked for, and those that are open."""
        shown, recent = _shown(outages.present()), outages.any_recent()
        events.commit()
        extensions = self._app.extensions
        before, extensions["outage"] = extensions.get("outage"), shown
        if not recent:
            return
        html = current_app.jinja_env.get_template("stream/_outage.html").render(outage=shown)
        # Also for pages that come back after a sleep and still show what is long over.
        extensions["notice"] = frame(html)
        hub: Hub | None = extensions.get("hub")
        if hub is not None and (shown != before or not hub.notice):
            hub.tell_all(extensions["notice"])

    def _tell(self) -> None:
        """Tell the operator, once for each outage and once when it is over, by whichever process comes first."""
        claimed = outages.claim_telling()
        events.commit()  # no connection is held while the mail server is waited for
        begun = [one for one in claimed if one.ended_at is None]
        over = [one for one in claimed if one.ended_at is not None]
        if begun and _mail("outage", begun):
            outages.mark_told([one.id for one in begun])
        if over and _mail("outage_over", over):
            outages.mark_over_told([one.id for one in over])
        events.commit()
        if claimed:
            self._show()


def _shown(open_now: Sequence[Outage]) -> Shown | None:
    if not open_now:
        return None
    parts = {one.part for one in open_now}
    told = [one.told_at for one in open_now if one.told_at is not None]
    return Shown(
        bool(parts & _READING), "sender" in parts, min(told, default=None), bool(part("settings").operator_email)
    )


def _mail(template: str, about: Sequence[Outage]) -> bool:
    """Send one mail about these outages from here; return whether the mail server took it."""
    parts = [(WORDS[one.part], one.began_at, one.ended_at) for one in about]
    message_id = f"<{template}.{about[0].id}@{mail_domain()}>"
    try:
        send.send_template(part("settings").operator_email, template, context={"parts": parts}, message_id=message_id)
    except (send.NotSent, BadAddress) as error:
        logs.event(log, "watch.operator_not_told", logging.ERROR, reason=str(error))
        return False
    logs.event(log, "watch.operator_told", logging.WARNING, about=template, parts=[one.part for one in about])
    return True
