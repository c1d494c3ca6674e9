"""The file that somebody gets who asked for a copy of what is held about them: to read, and for machines."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import render_template

from healthberry.core.subject_copies import SubjectCopy
from healthberry.insight import csv_rows
from healthberry.models.conversations import Conversation, Message
from healthberry.models.rights import DataRequest

_COLUMNS = ("When (UTC)", "Who", "Title", "Words", "Ratings", "Link", "Where")


def zipped(made: SubjectCopy) -> bytes:
    """Return the ZIP file: a page to read, the same as JSON and as a table, and the files that they sent."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read-me-first.html", render_template("data_requests/copy.html", made=made, at=written_at))
        archive.writestr("data.json", json.dumps(_data(made), indent=2, ensure_ascii=False))
        archive.writestr("messages.csv", csv_rows.written(_COLUMNS, _rows(made)))
        for place, file in enumerate(made.files, 1):
            archive.writestr(f"files/{place}-{_file_name(file.name)}", file.body)
    return packed.getvalue()


def _rows(made: SubjectCopy) -> Iterator[tuple[object, ...]]:
    for one in sorted([*made.messages, *made.answers], key=lambda message: message.posted_at):
        who = made.organisation.name if one.direction == "outbound" else one.screen_name
        ratings = ", ".join(f"{rating['name']}: {rating['value']:g}" for rating in one.ratings)
        yield (written_at(one.posted_at), who, one.title, one.text, ratings, one.url or "", made.channel.label)


def _data(made: SubjectCopy) -> dict[str, Any]:
    author = made.author
    return {
        "organisation": made.organisation.name,
        "reference": made.request.reference,
        "made_at": written_at(made.made_at),
        "channel": {"kind": made.channel.kind, "label": made.channel.label, "url": made.channel.url},
        "you": {
            "name": made.screen_name,
            "id_there": author.remote_id if author else None,
            "page_there": author.url if author else None,
        },
        "requests": [_request(one) for one in made.requests],
        "conversations": [_conversation(one) for one in made.conversations],
        "same_words_elsewhere": [{"site": one.channel_kind, "url": one.url} for one in made.elsewhere],
        "messages": [_message(made, one) for one in made.messages],
        "answers": [_message(made, one) for one in made.answers],
        "notes": [{"at": written_at(one.created_at), "text": one.text} for one in made.notes],
        "answers_not_sent": list(made.unsent),
        "history": [{"at": written_at(one.at), "what": one.kind} for one in made.history],
        "restrictions": [
            {"since": written_at(one.since), "lifted": written_at(one.lifted_at)} for one in made.restrictions
        ],
        "files": [{"name": one.name, "type": one.content_type} for one in made.files],
        "conversations_left_out": made.left_out,
    }


def _request(one: DataRequest) -> dict[str, Any]:
    return {
        "reference": one.reference,
        "asked": one.kind,
        "received": written_at(one.received_at),
        "about": one.about,
        "words": one.words,
        "contact": one.contact,
        "answer_due": one.due_on.isoformat(),
        "extended_because": one.extended_because,
        "outcome": one.outcome,
        "answer": one.answer,
    }


def _conversation(one: Conversation) -> dict[str, Any]:
    return {
        "id_there": one.remote_thread_id,
        "title": one.title,
        "url": one.url,
        "service": one.service_name,
        "your_role": one.author_role,
        "experienced": one.experienced,
        "started": written_at(one.started_at),
        "state": one.status,
    }


def _message(made: SubjectCopy, one: Message) -> dict[str, Any]:
    return {
        "at": written_at(one.posted_at),
        "received_at": written_at(one.received_at),
        "edited_at": written_at(one.edited_at),
        "id_there": one.remote_id,
        "other_id_there": one.also_id,
        "title": one.title,
        "text": one.text,
        "url": one.url,
        "ratings": one.ratings,
        "files": [file.get("name") or file.get("url") or "" for file in one.attachments],
        "beside": [list(pair) for pair in made.beside(one)],
        "site": one.source,
    }


def written_at(moment: datetime | None) -> str | None:
    """Return a moment as the files say it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else None


def _file_name(name: str) -> str:
    """Leave nothing in a name that leads out of the folder into which somebody unpacks it."""
    return re.sub(r"[^\w. -]+", "_", name)[-80:].lstrip(". ") or "file"
