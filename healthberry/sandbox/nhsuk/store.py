"""NHS.UK's reviews and the one response that each may have."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from healthberry.sandbox.kinds import org_type
from healthberry.sandbox.store import Row, Store

NATIVE = "nhsuk"
FIRST_REF = 300_001


@dataclass
class NewReview:
    """A review in the making; times in UTC milliseconds; without a publisher it is NHS.UK's own."""

    ods_code: str
    title: str
    body: str
    screen_name: str
    submitted_at: int
    published_at: int
    visit_month: int
    visit_year: int
    rating: int | None = None
    department: str | None = None
    publisher_id: str = NATIVE
    publishers_ref: str | None = None
    original_url: str | None = None


@dataclass
class NewResponse:
    """A response in the making; without a publisher it was typed at NHS.UK."""

    comment_ref: int
    body: str
    author: str
    submitted_at: int
    published_at: int
    publisher_id: str = NATIVE
    publishers_ref: str | None = None
    original_url: str | None = None


class Refused(Exception):
    """NHS.UK does not take a response; `code` is its ErrorCode."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def add_reviews(store: Store, reviews: Sequence[NewReview]) -> list[str]:
    """Store reviews; return their GUIDs in the order given."""
    with store.writing():
        first = max(FIRST_REF, (store.value("SELECT MAX(ref) AS top FROM nu_comments") or 0) + 1)
        numbered = [(n, _guid("comment", n, r.ods_code, r.submitted_at), r) for n, r in enumerate(reviews, first)]
        store.many(
            """INSERT INTO nu_comments (ref, guid, ods_code, org_type, title, body, screen_name, submitted_at,
               updated_at, published_at,
               publisher_id, publishers_ref, original_url, rating, visit_month, visit_year, department)
               VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)""",
            (
                (
                    n,
                    guid,
                    r.ods_code,
                    org_type(r.ods_code),
                    r.title,
                    r.body,
                    r.screen_name,
                    r.submitted_at,
                    r.published_at,
                    r.published_at,
                    r.publisher_id,
                    r.publishers_ref or str(n),
                    r.original_url,
                    r.rating,
                    r.visit_month,
                    r.visit_year,
                    r.department,
                )
                for n, guid, r in numbered
            ),
        )
    return [guid for _, guid, _ in numbered]


def review(store: Store, guid: str) -> Row | None:
    """Find a review that has been published, removed ones too."""
    sql = "SELECT * FROM nu_comments WHERE guid = ? AND published_at <= ? AND status != 'Gone'"
    return store.row(sql, guid.lower(), store.now())


def any_review(store: Store, guid: str) -> Row | None:
    """Find a review in whatever state."""
    return store.row("SELECT * FROM nu_comments WHERE guid = ?", guid.lower())


def visible_guids(store: Store, ods_code: str, with_sites: bool = False) -> list[str]:
    """Return the GUIDs of all published reviews of a code, newest first; on request with its sites'."""
    upper = ods_code + "\uffff" if with_sites else ods_code
    sql = """SELECT guid FROM nu_comments WHERE ods_code BETWEEN ? AND ? AND status = 'Published' AND published_at <= ?
             ORDER BY submitted_at DESC, ref DESC"""
    return [row["guid"] for row in store.rows(sql, ods_code, upper, store.now())]


def set_status(store: Store, guid: str, status: str) -> None:
    """Publish, remove or erase a review: `Published`, `Removed` or `Gone`."""
    store.run("UPDATE nu_comments SET status = ?, updated_at = ? WHERE guid = ?", status, store.now(), guid.lower())


def response_to(store: Store, comment_ref: int, published_only: bool = True) -> Row | None:
    """Find the response to a review."""
    until = store.now() if published_only else 2**62
    return store.row("SELECT * FROM nu_responses WHERE comment_ref = ? AND published_at <= ?", comment_ref, until)


def add_response(store: Store, new: NewResponse) -> Row:
    """Store a response, which changes the review's `lastUpdated`.

    Raises: Refused, for a reference of the same publisher used before and for a review that has a response.
    """
    with store.writing():
        if new.publishers_ref and _used(store, new):
            raise Refused(
                "DuplicateReference", "A submission with this PublisherID and PublishersCommentRef already exists."
            )
        if response_to(store, new.comment_ref, published_only=False):
            raise Refused("AlreadyResponded", "This comment already has a response.")
        ref = max(2 * FIRST_REF, (store.value("SELECT MAX(ref) AS top FROM nu_responses") or 0) + 1)
        guid = _guid("response", ref, new.comment_ref, new.submitted_at)
        values = (
            ref,
            guid,
            new.comment_ref,
            new.body,
            new.author,
            new.submitted_at,
            new.published_at,
            new.published_at,
            new.publisher_id,
            new.publishers_ref or str(ref),
            new.original_url,
        )
        store.run("INSERT INTO nu_responses VALUES (?,?,?,?,?,?,?,?,?,?,?)", *values)
        store.run(
            "UPDATE nu_comments SET updated_at = MAX(updated_at, ?) WHERE ref = ?", new.published_at, new.comment_ref
        )
    return store.sure("SELECT * FROM nu_responses WHERE ref = ?", ref)


def _used(store: Store, new: NewResponse) -> bool:
    sql = "SELECT ref FROM nu_responses WHERE publisher_id = ? AND publishers_ref = ?"
    return store.row(sql, new.publisher_id, new.publishers_ref) is not None


def _guid(*parts: object) -> str:
    # Derived, so that the same seed gives the same world.
    return str(uuid.UUID(bytes=sha256(":".join(str(part) for part in parts).encode()).digest()[:16], version=4))
