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
from healthberry.models.conversations import Message

_COLUMNS = ("When (UTC)", "Who", "Title", "Words", "Ratings", "Link", "Where")


def zipped(made: SubjectCopy) -> bytes:
    """Return the ZIP file: a page to read, the same as JSON and as a table, and the files that they sent."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read-me-first.html", render_template("data_requests/copy.html", made=made, at=_at))
        archive.writestr("data.json", json.dumps(_data(made), indent=2, ensure_ascii=False))
        archive.writestr("messages.csv", csv_rows.written(_COLUMNS, _rows(made)))
        for place, file in enumerate(made.files, 1):
            archive.writestr(f"files/{place}-{_file_name(file.name)}", file.body)
    return packed.getvalue()


def _rows(made: SubjectCopy) -> Iterator[tuple[object, ...]]:
    for one in sorted([*made.messages, *made.answers], key=lambda message: message.posted_at):
        who = made.organisation.name if one.direction == "outbound" else one.screen_name
        ratings = ", ".join(f"{rating['name']}: {rating['value']:g}" for rating in one.ratings)
        yield (_at(one.posted_at), who, one.title, one.text, ratings, one.url or "", made.channel.label)


def _data(made: SubjectCopy) -> dict[str, Any]:
    author = made.author
    return {
        "organisation": made.organisation.name,
        "reference": made.request.reference,
        "made_at": _at(made.made_at),
        "channel": {"kind": made.channel.kind, "label": made.channel.label, "url": made.channel.url},
        "you": {
            "name": made.screen_name,
            "id_there": author.remote_id if author else None,
            "page_there": author.url if author else None,
        },
        "request": {"about": made.request.about, "words": made.request.words, "contact": made.request.contact},
        "messages": [_message(made, one) for one in made.messages],
        "answers": [_message(made, one) for one in made.answers],
        "notes": [{"at": _at(one.created_at), "text": one.text} for one in made.notes],
        "history": [{"at": _at(one.at), "what": one.kind} for one in made.history],
        "restrictions": [{"since": _at(one.since), "lifted": _at(one.lifted_at)} for one in made.restrictions],
        "files": [{"name": one.name, "type": one.content_type} for one in made.files],
        "conversations_left_out": made.left_out,
    }


def _message(made: SubjectCopy, one: Message) -> dict[str, Any]:
    return {
        "at": _at(one.posted_at),
        "received_at": _at(one.received_at),
        "title": one.title,
        "text": one.text,
        "url": one.url,
        "ratings": one.ratings,
        "files": [file.get("name") or file.get("url") or "" for file in one.attachments],
        "beside": [list(pair) for pair in made.beside(one)],
        "site": one.source,
    }


def _at(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else None


def _file_name(name: str) -> str:
    """Leave nothing in a name that leads out of the folder into which somebody unpacks it."""
    return re.sub(r"[^\w. -]+", "_", name)[-80:].lstrip(". ") or "file"
