"""Reviews of NHS.UK and their responses become items.

Source: NHS.UK "Ratings and Reviews" API (generation 2) as its documentation and public clients show it:
`{"comments": [{"comment": {…}, "response": {…} | null}]}`, ids are GUIDs, at most one response per comment.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from healthberry.connectors.base import Author, InboundItem, Rating
from healthberry.connectors.reading import (
    Unreadable,
    address,
    first,
    identifier,
    mapping,
    moment,
    number,
    sequence,
    small,
)
from healthberry.connectors.text import clean, line

_OUT_OF: Final = 5.0
_ORIGINS: Final = {
    "nhsuk": "nhsuk",
    "nhschoices": "nhsuk",
    "nhsc": "nhsuk",
    "careopinion": "careopinion",
    "patientopinion": "careopinion",
    "po": "careopinion",
}

Wrapper = Mapping[str, Any]


def comment_of(element: Any) -> Wrapper:
    """Return the comment of a list element; one without its wrapper is taken as the comment itself."""
    wrapper = mapping(element)
    return mapping(wrapper.get("comment")) or (wrapper if "commentId" in wrapper else {})


def response_of(element: Any) -> Wrapper:
    """Return the response of a list element, empty where there is none."""
    return mapping(mapping(element).get("response"))


def comment_id(element: Any) -> str:
    """Return the id of the comment, "" where there is none."""
    return identifier(comment_of(element).get("commentId"))


def is_removed(element: Any) -> bool:
    """Say whether the element itself says that it is no longer shown."""
    return line(comment_of(element).get("status")).casefold() == "removed"


def touched_before(element: Any, day: str) -> bool:
    """Say whether every date of the comment that is known lies before `day` (YYYY-MM-DD)."""
    comment = comment_of(element)
    dates = [moment(comment.get("dateSubmitted")), moment(comment.get("lastUpdated"))]
    known = [at.date().isoformat() for at in dates if at]
    return bool(known) and max(known) < day


def is_live(response: Wrapper) -> bool:
    """Say whether a response is published; one that does not say is (since 2024 they are published at once)."""
    return line(response.get("status")).casefold() in ("", "published")


def response_id(element: Any) -> str:
    """Return the id of the response: its own, else what its comment calls it."""
    comment, response = comment_of(element), response_of(element)
    parent = identifier(comment.get("commentId"))
    own = identifier(response.get("commentId"))
    # Generation 1 gave responses the id of their comment; were that to come back, both must still be stored.
    return own if own and own != parent else identifier(comment.get("responseID")) or f"{parent}:response"


def origin(publisher: Any) -> str:
    """Return which site a story was written on: "nhsuk", "careopinion", another publisher's id in small letters.

    Which ids NHS.UK uses is not documented: every spelling of its own and of Care Opinion's name is understood.
    """
    name = "".join(letter for letter in line(publisher, 100).casefold() if letter.isalnum())
    return _ORIGINS.get(name, name) or "nhsuk"


def items_of(element: Any) -> list[InboundItem]:
    """Return the review and, where it has one, its published response, in one thread. Raises: Unreadable."""
    review = _review(element)
    response = response_of(element)
    if review.change == "withdrawn" or not response or not is_live(response):
        return [review]
    return [review, _response(element, review)]


def feed_reference(number: str, *, answer: bool = False) -> str:
    """Return the id by which the syndication feed knows a review, or the answer to it; "" where it has no number."""
    return f"ref:{number}{'R' if answer else ''}" if number else ""


def _review(element: Any) -> InboundItem:
    comment = comment_of(element)
    remote_id = identifier(comment.get("commentId"))
    if not remote_id:
        raise Unreadable("It is not a review with an id.")
    posted_at = moment(comment.get("dateSubmitted")) or moment(comment.get("lastUpdated"))
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    written_at = origin(comment.get("publisherID"))
    reference = identifier(comment.get("publishersCommentRef"))
    number = feed_reference(identifier(comment.get("commentRef")))
    return InboundItem(
        remote_id=remote_id,
        thread_id=remote_id,
        direction="inbound",
        author=Author(None, line(comment.get("screenName"), 100) or "Anonymous"),
        title=line(comment.get("title"), 500),
        text=clean(comment.get("commentText")),
        posted_at=posted_at,
        ratings=_ratings(comment.get("ratings")),
        experienced=_month(comment.get("visit")),
        url=address(comment.get("commentOriginalURL")),
        service_code=identifier(comment.get("odsCode")) or None,
        service_name=line(comment.get("department"), 200) or None,
        syndication_key=f"{written_at}:{reference}" if reference else None,
        change=_change(comment, posted_at),
        also=number,
        aliases=(number,) if number else (),
        source=small(
            origin=written_at,
            publisher_id=comment.get("publisherID"),
            comment_ref=first(comment, "publishersCommentRef", "commentRef"),
            response_id=comment.get("responseID"),
            updated=comment.get("lastUpdated"),
        ),
    )


def _response(element: Any, review: InboundItem) -> InboundItem:
    response = response_of(element)
    posted_at = moment(response.get("dateSubmitted")) or moment(response.get("lastUpdated")) or review.posted_at
    number = feed_reference(identifier(comment_of(element).get("commentRef")), answer=True)
    return InboundItem(
        remote_id=response_id(element),
        thread_id=review.remote_id,
        in_reply_to=review.remote_id,
        direction="outbound",
        author=Author(None, line(first(response, "screenName", "author"), 100) or "Organisation"),
        title=line(response.get("title"), 500),
        text=clean(response.get("commentText")),
        posted_at=posted_at,
        url=address(response.get("commentOriginalURL")) or review.url,
        service_code=identifier(response.get("odsCode")) or review.service_code,
        change=_change(response, posted_at),
        also=number,
        aliases=(number,) if number else (),
        source=small(comment_ref=response.get("publishersCommentRef"), publisher_id=response.get("publisherID")),
    )


def _change(element: Wrapper, posted_at: datetime) -> Literal["created", "edited", "withdrawn"]:
    if line(element.get("status")).casefold() == "removed":
        return "withdrawn"
    updated = moment(element.get("lastUpdated"))
    return "edited" if updated and updated > posted_at else "created"


def _ratings(value: Any) -> tuple[Rating, ...]:
    found = []
    for rating in map(mapping, sequence(value)):
        question, stars = line(rating.get("question"), 200), number(rating.get("rating"))
        if question and stars is not None and 0 <= stars <= _OUT_OF:
            # A question may be its number ("10004") instead of its words.
            name = f"Question {question}" if question.isdigit() else question
            found.append(Rating(name, stars, _OUT_OF))
    return tuple(found)


def _month(value: Any) -> str | None:
    year, month = number(mapping(value).get("year")), number(mapping(value).get("month"))
    if year is None or month is None or not (1990 <= year <= 2200 and 1 <= month <= 12):
        return None
    return f"{int(year):04d}-{int(month):02d}"
