"""The three ways in which one list of comments is written: RSS 2.0, Atom and JSON Feed.

Source: RSS 2.0 (a description is HTML, escaped); RFC 4287; RFC 5005 (rel=next leads to older entries); JSON Feed 1.1.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as xml
from xml.sax.saxutils import quoteattr

from healthberry.sandbox.moments import stamp
from healthberry.sandbox.store import Row
from healthberry.sandbox.telling import first_words

TYPES = {
    "feed.xml": "application/rss+xml",
    "atom.xml": "application/atom+xml",
    "feed.json": "application/feed+json",
}
_UNWRITABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), " ")


@dataclass(frozen=True)
class Paper:
    """A newspaper's page of a place: where it is, where this document and the older one are ("" at the end)."""

    name: str
    home: str
    own: str
    older: str
    root: str


def written(kind: str, paper: Paper, rows: Sequence[Row]) -> bytes:
    """Write the document that is called `kind`."""
    writer = {"feed.xml": _rss, "atom.xml": _atom, "feed.json": _json}[kind]
    return writer(paper, rows).encode("utf-8", "replace")


def _rss(paper: Paper, rows: Sequence[Row]) -> str:
    older = f"<atom:link rel={quoteattr('next')} href={quoteattr(paper.older)}/>" if paper.older else ""
    items = "\n".join(
        f"<item><title>{_text(_title(row))}</title><link>{xml(_link(paper, row))}</link>"
        f'<guid isPermaLink="false">{xml(row["id"])}</guid><pubDate>{_rfc822(row["published_at"])}</pubDate>'
        f"<dc:creator>{_text(row['author'])}</dc:creator><description>{_text(_html(row['text']))}</description></item>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{_text(paper.name)}</title>'
        f"<link>{xml(paper.home)}</link><description>What readers say</description><ttl>15</ttl>"
        f'<atom:link rel="self" href={quoteattr(paper.own)}/>{older}\n{items}\n</channel></rss>\n'
    )


def _atom(paper: Paper, rows: Sequence[Row]) -> str:
    older = f"<link rel={quoteattr('next')} href={quoteattr(paper.older)}/>" if paper.older else ""
    newest = stamp(max((row["updated_at"] for row in rows), default=0))
    entries = "\n".join(
        f"<entry><id>{xml(row['id'])}</id><title>{_text(_title(row))}</title>"
        f"<link href={quoteattr(_link(paper, row))}/><published>{stamp(row['published_at'])}</published>"
        f"<updated>{stamp(row['updated_at'])}</updated><author><name>{_text(row['author'])}</name></author>"
        f'<content type="text">{_text(row["text"])}</content></entry>'
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>tag:localnews.example,2026:{xml(paper.home)}</id><title>{_text(paper.name)}</title>"
        f"<updated>{newest}</updated><link href={quoteattr(paper.home)}/>"
        f'<link rel="self" href={quoteattr(paper.own)}/>{older}\n{entries}\n</feed>\n'
    )


def _json(paper: Paper, rows: Sequence[Row]) -> str:
    items = [
        {
            "id": row["id"],
            "url": _link(paper, row),
            "title": _title(row),
            "content_text": row["text"],
            "date_published": stamp(row["published_at"]),
            "date_modified": stamp(row["updated_at"]),
            "authors": [{"name": row["author"]}],
        }
        for row in rows
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": paper.name, "home_page_url": paper.home}
    whole = feed | ({"next_url": paper.older} if paper.older else {}) | {"items": items}
    return json.dumps(whole, separators=(",", ":"))


def _title(row: Row) -> str:
    return str(row["title"] or first_words(row["text"]))


def _link(paper: Paper, row: Row) -> str:
    return f"{paper.root}/sites/feed/items/{row['id']}"


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _text(text: str) -> str:
    """Escape what XML would take for markup; what XML 1.0 cannot hold at all becomes a space."""
    return xml(text.translate(_UNWRITABLE))


def _rfc822(moment: int) -> str:
    return format_datetime(datetime.fromtimestamp(moment / 1000, UTC), usegmt=True)
