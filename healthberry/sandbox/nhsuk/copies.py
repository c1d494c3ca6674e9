"""Copies of Care Opinion's stories among the reviews, as Care Opinion pushes them."""

from typing import Any

from healthberry.sandbox.invent import visit
from healthberry.sandbox.store import Store

from .store import NewReview, add_reviews


def copy_to_nhsuk(store: Store, story: dict[str, Any]) -> None:
    """Store the copy of a story."""
    add_reviews(store, [copy_of(story)])


def copy_of(story: dict[str, Any]) -> NewReview:
    """Make NHS.UK's copy of a Care Opinion story: same words, other publisher, its number as the reference."""
    from_path = f"careopinion/{story['id']}"
    month, year = visit(story["submitted_at"])
    return NewReview(
        story["place"].split(" ", 1)[0],
        story["title"],
        story["body"],
        story["author"],
        story["submitted_at"],
        story["published_at"],
        month,
        year,
        None,
        None,
        "careopinion",
        str(story["id"]),
        from_path,
    )
