"""The archive of Google+ that Google Takeout gave out: a ZIP file of posts, each with all of its comments.

Folders and names were translated and cut, so nothing is told by them: a post is known by what is in it. JSON is read
first; where an archive holds only HTML, its visible structure is read as far as it goes.

Source: Takeout archives of 2018; how HTML archives are built is from memory and unverified.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from bs4 import BeautifulSoup, Tag

from healthberry.connectors import google_plus_items as items
from healthberry.connectors import zips
from healthberry.connectors.capabilities import Field
from healthberry.connectors.errors import NotImported
from healthberry.connectors.imports import FileLook, FileReading, ReadRow, Upload
from healthberry.connectors.reading import Unreadable
from healthberry.connectors.text import line

_LARGEST_UNPACKED: Final = 300 * 1024 * 1024
_MOST_COMMENTS: Final = 50_000
_NOTHING: Final = (
    "There are no Google+ posts in this file. It has to be the archive that Google Takeout gave you, with “Google+ "
    "Stream” in it, best as JSON."
)
_NOT_PUBLIC: Final = "Its post was not public, or does not say so."
_QUESTIONS: Final = (
    Field(
        "names",
        "What is to happen with people's names?",
        "They wrote between 2011 and 2019 and may not expect to be found here.",
        "choice",
        choices=(("drop", "Leave the names out"), ("keep", "Keep the names")),
    ),
    Field(
        "private",
        "Posts that were not public",
        "",
        "choice",
        choices=(("skip", "Leave them out"), ("take", "Import their comments too")),
        default="skip",
    ),
)


@dataclass(frozen=True)
class _Found:
    """One file of an archive: a post, or why it is none that can be read."""

    name: str
    post: Mapping[str, Any] | None
    reason: str = ""


class Archive:
    """The importer of Takeout archives."""

    def look(self, upload: Upload, answers: Mapping[str, str]) -> FileLook:
        """Count posts and comments, and ask what only people can decide. Raises: NotImported."""
        posts, comments = 0, 0
        found = list(_files(upload))
        for one in found:
            posts += one.post is not None
            comments += sum(1 for _ in items.comments_of(one.post or {}))
        if not posts:
            raise NotImported(_NOTHING)
        html = "" if any(one.name.lower().endswith(".json") for one in found) else _HTML_SAYS
        return FileLook(f"An archive of Google+ with {posts:,} posts and {comments:,} comments.{html}", _QUESTIONS)

    def read(self, upload: Upload, answers: Mapping[str, str]) -> FileReading:
        """Read every comment. Raises: NotImported."""
        rows: list[ReadRow] = []
        for one in _files(upload):
            rows += _rows(one, named=answers.get("names") == "keep", hidden=answers.get("private") == "take")
            if len(rows) > _MOST_COMMENTS:
                raise NotImported(f"This archive has more than {_MOST_COMMENTS:,} comments.")
        return FileReading(rows, archived=True)


_HTML_SAYS: Final = (
    " It is in HTML, which we can read only in part: if you still can, ask Google for the same in JSON and upload that."
)


def _rows(found: _Found, *, named: bool, hidden: bool) -> list[ReadRow]:
    """Return one row for each comment; a post under which only its own author wrote is no feedback."""
    if found.post is None:
        return [ReadRow(found.name, reason=found.reason)] if found.reason else []
    rows = []
    for number, comment in enumerate(items.comments_of(found.post), 1):
        place = f"Comment {number} of “{found.name}”"
        if not hidden and not items.is_public(found.post):
            rows.append(ReadRow(place, reason=_NOT_PUBLIC))
            continue
        try:
            rows.append(ReadRow(place, items.archived(found.post, comment, named=named)))
        except Unreadable as reason:
            rows.append(ReadRow(place, reason=str(reason)))
    said = [row.item for row in rows if row.item]
    if not any(item.direction == "inbound" for item in said):
        return [row for row in rows if row.item is None]
    # What somebody else wrote opens the conversation, so it comes first.
    return sorted(rows, key=lambda row: row.item is not None and row.item.direction == "outbound")


def _files(upload: Upload) -> Iterator[_Found]:
    """Read the posts of an archive, JSON where there is any. Raises: NotImported."""
    archive = zips.opened(upload.content, largest=_LARGEST_UNPACKED)
    entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
    found = [one for one in (_json(archive, entry) for entry in entries) if one]
    if not any(one.post is not None for one in found):
        found = [one for one in (_html(archive, entry) for entry in entries) if one]
    yield from found


def _json(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Found | None:
    if not entry.filename.lower().endswith(".json"):
        return None
    name, content = _name(entry), zips.text_of(archive, entry)
    if content is None:
        return _Found(name, None, "It is damaged, or larger than we take.")
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _Found(name, None, "It is no JSON.")
    return _Found(name, document) if items.is_post(document) else None


def _html(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Found | None:
    if not entry.filename.lower().endswith((".html", ".htm")):
        return None
    content = zips.text_of(archive, entry)
    if content is None or b"comment" not in content:
        return None
    page = BeautifulSoup(content.decode("utf-8", "replace"), "html.parser")
    comments = [_html_comment(one) for one in page.select("div.comment")]
    if not comments:
        return None
    post = {
        "url": _address(page.select_one("a[href^='https://plus.google.com/']")),
        "content": _inner(page.select_one("div.main-content")),
        "author": _html_author(page.select_one("a.author")),
        "creationTime": _text(page.select_one("span.time")),
        "comments": comments,
        "postAcl": {"isPublic": "shared publicly" in _text(page.select_one("div.visibility, div.audience")).casefold()},
    }
    return _Found(_name(entry), post)


def _html_comment(one: Tag) -> dict[str, Any]:
    return {
        "author": _html_author(one.select_one("a.author")),
        "creationTime": _text(one.select_one("span.time, a.time")),
        "content": _inner(one.select_one("span.comment-content, div.comment-content")),
    }


def _html_author(link: Tag | None) -> dict[str, str]:
    return {"displayName": _text(link), "profilePageUrl": _address(link)}


def _address(link: Tag | None) -> str:
    return str(link.get("href") or "") if link else ""


def _text(element: Tag | None) -> str:
    return element.get_text(" ", strip=True) if element else ""


def _inner(element: Tag | None) -> str:
    return element.decode_contents() if element else ""


def _name(entry: zipfile.ZipInfo) -> str:
    """Return what a file is called, as words for people: it never becomes a path."""
    return line(PurePosixPath(entry.filename.replace("\\", "/")).name, 80)
