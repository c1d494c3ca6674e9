"""The one answer of a review: put in its place, looked at by moderators, shown or refused."""

import json
import re
from dataclasses import dataclass

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.simple_store import NewReply
from healthberry.sandbox.state import Sandbox

# What moderators here take for personal information: a number like those of patients, or words on somebody's health.
PERSONAL = re.compile(r"\b\d{3} ?\d{3} ?\d{4}\b|\bdiagnos|\byour (?:operation|medication)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An answer as the API tells it; `at` in UTC milliseconds."""

    text: str
    at: int
    state: str
    violation: str


def put(sandbox: Sandbox, name: str, text: str, author: str) -> str:
    """Answer a review, or put another answer in the place of the one there; return the answer's id."""
    store, ident = sandbox.store, f"{name}/reply"
    now = store.now()
    shown = now + int(sandbox.settings.google_delay_seconds * 1000)
    violation = "PERSONAL_INFO" if PERSONAL.search(text) else ""
    more = json.dumps({"violation": violation})
    with store.writing():
        if kept.reply(store, "google", ident) is None:
            kept.add_reply(store, "google", NewReply(name, author, text, now, shown), lambda serial, reply: ident)
        state = "rejected" if violation else "published"
        columns = {"text": text, "author": author, "created_at": now, "published_at": shown, "more": more}
        kept.change_reply(store, "google", ident, **columns, state=state)
    return ident


def take_down(sandbox: Sandbox, name: str) -> None:
    """Delete the answer of a review."""
    kept.change_reply(sandbox.store, "google", f"{name}/reply", state="deleted")


def of(sandbox: Sandbox, name: str) -> Answer | None:
    """Return the answer of a review in the state in which it is now; None where there is none."""
    store = sandbox.store
    row = kept.reply(store, "google", f"{name}/reply")
    if row is None or row["state"] == "deleted":
        return None
    decided = row["published_at"] <= store.now()
    state = ("APPROVED" if row["state"] == "published" else "REJECTED") if decided else "PENDING"
    return Answer(row["text"], row["created_at"], state, json.loads(row["more"]).get("violation", ""))
