"""Asking for what stands beside a story: its tags, and its ratings where the story links to some.

One or two requests for each story, and five a second are allowed to all: new stories are asked about at once, those of
the last ninety days when they are looked at again, older ones never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from healthberry.connectors import careopinion_items as items
from healthberry.connectors.base import InboundItem
from healthberry.connectors.careopinion_details import Details, of_ratings, of_tags
from healthberry.connectors.errors import Permanent, RateLimited, Unavailable
from healthberry.connectors.http import Http
from healthberry.connectors.reading import identifier

_MOST: Final = 20
_RATINGS: Final = "/api/v2/opinions/{id}/healthservices/{nacs}/ratings"
_ENDS: Final = ("healthservices", "ratings")


def beside(http: Http, headers: Mapping[str, str], element: Any) -> Details:
    """Return tags and ratings of a story; what can't be had just now, or not with this key, is left out.

    Raises: RateLimited.
    """
    found: Details = ()
    try:
        tags = http.get("/api/v2/opinions/{id}/tags", headers=headers, id=items.element_id(element)).json()
        found += of_tags(tags) if isinstance(tags, list) else ()
        if nacs := _rated(items.linked(element, "ratings")):
            answer = http.get(_RATINGS, headers=headers, id=items.element_id(element), nacs=nacs)
            found += of_ratings(answer.json())
    except (Permanent, Unavailable):
        return found
    return found


def with_details(
    found: Sequence[InboundItem], elements: Sequence[Any], since: datetime, http: Http, headers: Mapping[str, str]
) -> list[InboundItem]:
    """Return the items, the newest twenty at most of those after `since` with what stands beside them."""
    by_id = {items.element_id(one): one for one in elements}
    fresh = sorted((one for one in found if one.posted_at >= since), key=lambda one: one.posted_at, reverse=True)
    more: dict[str, Details] = {}
    for item in fresh[:_MOST]:
        try:
            more[item.remote_id] = beside(http, headers, by_id.get(item.remote_id))
        except RateLimited:
            break  # they come when the story is looked at again
    return [replace(item, details=item.details + more.get(item.remote_id, ())) for item in found]


def _rated(target: str) -> str:
    """Return the code of the service that a story's link to ratings names, "" where it looks otherwise.

    The documentation breaks off within this address; its end is as a public client asks for it.
    """
    parts = urlsplit(target).path.rstrip("/").split("/") if target else []
    return identifier(unquote(parts[-2])) if len(parts) > 3 and (parts[-3], parts[-1]) == _ENDS else ""
