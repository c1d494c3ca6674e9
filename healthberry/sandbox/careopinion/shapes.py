"""How Care Opinion writes stories, responses and services in JSON."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import request

from healthberry.sandbox.kinds import guess
from healthberry.sandbox.places import service_name
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import store as stories

CHANGES = {0: "no change", 1: "change planned", 2: "change made"}
TYPES = {
    "gp": "general practice",
    "dentist": "dental practice",
    "pharmacy": "pharmacy",
    "icb": "commissioner",
    "care_home": "care home",
}


def opinion_json(row: Row) -> dict[str, Any]:
    """Write a story."""
    number = row["id"]
    answered = here().store.value(
        "SELECT COUNT(*) AS n FROM co_responses WHERE story_id = ? AND published_at <= ?", number, here().store.now()
    )
    # Some stories lack their date of publication, as the real lists do.
    published = None if number % 47 == 0 else _when(row["published_at"])
    return {
        "id": number,
        "title": row["title"],
        "body": row["body"],
        "authorRole": row["author_role"],
        "authorAgeGroup": row["age_group"],
        "submissionRoute": "web" if number % 5 else None,
        "dateOfSubmission": _when(row["submitted_at"]),
        "dateOfPublication": published,
        "criticality": row["criticality"],
        "progress": "has had a response" if answered else "has not yet had a response",
        "links": _links(row),
    }


def _links(row: Row) -> list[dict[str, Any]]:
    base, number = f"{request.host_url}careopinion/api/v2", row["id"]
    items = [
        ("tags", None, f"{base}/opinions/{number}/tags"),
        ("healthservice", row["place"], f"{base}/healthservices/{quote(row['place'])}"),
        ("responses", None, f"{base}/opinions/{number}/responses"),
        ("healthservices", None, f"{base}/opinions/{number}/healthservices"),
    ]
    if row["ratings"] != "[]":
        items.append(("ratings", None, f"{base}/opinions/{number}/healthservices/{quote(row['place'])}/ratings"))
    turn = number % len(items)
    word = "rel" if number % 2 else "relation"
    return [{word: name, "id": ident, "href": href} for name, ident, href in items[turn:] + items[:turn]]


def response_json(row: Row) -> dict[str, Any]:
    """Write a response."""
    href = f"{request.host_url}careopinion/api/v2/opinions/{row['story_id']}"
    services = f"{request.host_url}careopinion/api/v2/healthservices"
    word, whose = "rel" if row["id"] % 2 else "relation", stories.levels(row["place"])[-1]
    return {
        "id": row["id"],
        "body": row["body"],
        "authorName": row["author"],
        "authorRole": row["author_role"],
        "authorOrganisation": service_name(here().store, whose),
        "dateOfSubmission": _when(row["submitted_at"]),
        "dateOfPublication": _when(row["published_at"]),
        "changeScore": CHANGES[row["change_int"]],
        "changeInt": row["change_int"],
        "links": [
            {word: "opinion", "id": str(row["story_id"]), "href": href},
            {word: "organisation", "id": whose, "href": f"{services}/{quote(whose)}"},
        ],
    }


def service_json(nacs: str) -> dict[str, Any]:
    """Write a service by its code."""
    above = stories.levels(nacs)[1:]
    kind = "service" if " " in nacs else TYPES.get(guess(nacs), "hospital" if len(nacs) == 5 else "organisation")
    base = f"{request.host_url}careopinion/api/v2/healthservices/"
    links = [{"rel": "parent", "id": above[0], "href": base + quote(above[0])}] if above else []
    organisation = service_name(here().store, stories.levels(nacs)[-1])
    site = above[0] if " " in nacs else None
    return {
        "nacs": nacs,
        "name": service_name(here().store, nacs),
        "type": kind,
        "organisation": organisation,
        "siteNacs": site,
        "links": links,
    }


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
