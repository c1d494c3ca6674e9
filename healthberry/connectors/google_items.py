"""Locations and reviews of Google become listings and items.

Source: Business Profile API v4 (reviews) and Business Information API v1 (locations), state of 2026. Reviews have no
address of their own, and reviewers no id: nobody's reviews are joined. Fields with default values are left out of the
JSON. That translated words stand in the text between "(Translated by Google)" and "(Original)" is seen in exports, not
documented.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem, Rating, SentReply
from healthberry.connectors.errors import Rejected
from healthberry.connectors.reading import (
    Unreadable,
    address,
    first,
    identifier,
    mapping,
    moment,
    sequence,
    small,
    withdrawn,
)
from healthberry.connectors.text import clean, line, normal

STARS: Final = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_REVIEW_NAME = re.compile(r"accounts/([^/]+)/locations/([^/]+)/reviews/([^/]+)")
_LOCATION_NAME = re.compile(r"(?:accounts/[^/]+/)?locations/([^/]+)")
_CODE = re.compile(r"(?=.*[A-Z])[A-Z0-9]{3,8}")
_TRANSLATED: Final = "(Translated by Google)"
_ORIGINAL: Final = "(Original)"
# Source: PolicyViolation of the v4 reference; only those of which staff can make something else than a sentence.
_VIOLATIONS: Final = {
    "PERSONAL_INFO": "it holds personal information, which includes anything about somebody's health",
    "PRIVACY": "it says something private about somebody",
    "ADVERTISING_AND_SOLICITATION": "it reads like an advertisement",
    "OFF_TOPIC": "it is not about the review",
    "GIBBERISH_AND_REPETITIVE": "it repeats itself or other answers",
    "REPETITIVE": "it repeats itself or other answers",
    "UNCLEAR": "it is not clear",
    "HARASSMENT": "it reads like an attack on somebody",
    "OFFENSIVE": "it may offend",
    "OBSCENITY_AND_PROFANITY": "it holds swear words",
    "MISINFORMATION": "it may mislead",
    "LOCATION_SUSPENDED": "the profile is suspended",
    "LOCATION_DISABLED": "the profile is disabled",
    "LOCATION_VERIFICATION_REQUIRED": "the profile has to be verified first",
    "OWNERSHIP_REVOKED": "the profile has another owner",
}


@dataclass(frozen=True)
class Location:
    """One place on Google: `code` is its ODS code where it is known, `verified` whether its reviews can be read."""

    id: str
    title: str = ""
    code: str | None = None
    url: str | None = None
    verified: bool = True
    words: str = ""  # all that it is called and where it is, in small letters, to be looked for in


def location_of(element: Any) -> Location | None:
    """Read an element of the list of locations; None for what is none."""
    given = mapping(element)
    found = _LOCATION_NAME.fullmatch(identifier(given.get("name")))
    if not found:
        return None
    metadata, storefront = mapping(given.get("metadata")), mapping(given.get("storefrontAddress"))
    title, store = line(given.get("title"), 200), line(given.get("storeCode"), 100)
    where = [*sequence(storefront.get("addressLines")), storefront.get("locality"), storefront.get("postalCode")]
    return Location(
        id=found[1],
        title=title,
        code=_ods_code(store),
        url=address(metadata.get("mapsUri")),
        # Left out like every value that is false: unverified or suspended.
        verified=metadata.get("hasVoiceOfMerchant") is True,
        words=" ".join([title, store, *(line(one, 200) for one in where)]).casefold(),
    )


def wanted(locations: Sequence[Location], lines: Sequence[str]) -> list[Location]:
    """Return those that a line names ("St Mary's", "St Mary's = RYJ01"), with its ODS code; all where there is no line.

    A line names a location by a part of its name, its address or its store code; the first that fits counts.
    """
    named = [(part.strip().casefold(), code.strip().upper()) for part, _, code in (one.partition("=") for one in lines)]
    named = [(part, code) for part, code in named if part]
    if not named:
        return list(locations)
    found = []
    for location in locations:
        codes = [code for part, code in named if part in location.words]
        if codes:
            found.append(replace(location, code=_ods_code(codes[0]) or location.code))
    return found


def review_id(element: Any) -> str:
    """Return the id of a review within its location, "" where it has none."""
    given = mapping(element)
    return identifier(given.get("reviewId")) or line(given.get("name"), 500).rpartition("/")[2]


def name_of(account: str, location: str, review: str) -> str:
    """Return the name by which Google knows a review, which is our id of it."""
    return f"{account}/locations/{location}/reviews/{review}"


def parts_of(remote_id: str) -> tuple[str, str, str] | None:
    """Return the account, location and review of a name; None for what is no such name."""
    found = _REVIEW_NAME.fullmatch(remote_id)
    return (found[1], found[2], found[3]) if found else None


def reply_id(name: str) -> str:
    """Return the id of the one answer that a review can have."""
    return f"{name}/reply"


def items_of(element: Any, account: str, location: Location) -> list[InboundItem]:
    """Return the review and, where it has one that shows, its answer, in one thread. Raises: Unreadable."""
    given = mapping(element)
    review = _review(given, account, location)
    reply = reply_of(given)
    if not reply or state_of(reply) != "live":
        return [review]
    return [review, _answer(reply, review, location)]


def checked_items_of(element: Any, account: str, location: Location, looked_at: datetime) -> list[InboundItem]:
    """Return the same for a second look: as it is now, and where there is no answer, that one as withdrawn by then."""
    found = items_of(element, account, location)
    if not reply_of(element):
        name = found[0].remote_id
        found.append(replace(withdrawn(reply_id(name), name), direction="outbound", posted_at=looked_at))
    return [replace(one, change="edited") if one.direction == "inbound" else one for one in found]


def touched_at(element: Any) -> datetime | None:
    """Return when the review or its answer was last changed; None where neither says."""
    given = mapping(element)
    times = [updated_at(given), replied_at(reply_of(given))]
    return max((at for at in times if at), default=None)


def updated_at(element: Any) -> datetime | None:
    """Return when the review was last changed, by which Google orders; None where it does not say."""
    return moment(first(mapping(element), "updateTime", "createTime"))


def reply_of(element: Any) -> Mapping[str, Any]:
    """Return the answer of a review, {} where it has none."""
    return mapping(mapping(element).get("reviewReply"))


def replied_at(reply: Mapping[str, Any]) -> datetime | None:
    """Return when an answer was last changed; None where it does not say."""
    return moment(reply.get("updateTime"))


def state_of(reply: Mapping[str, Any]) -> str:
    """Return live, pending or rejected. An answer that does not say (before April 2026 none did) shows."""
    said = line(reply.get("reviewReplyState"), 50)
    return {"PENDING": "pending", "REJECTED": "rejected"}.get(said, "live")


def sent(reply: Mapping[str, Any], name: str, url: str | None, *, at_once: bool = False) -> SentReply:
    """Return what Google made of our answer. Raises: Rejected, with the reason, where its moderators refused it.

    `at_once`: Google has only just taken it. A bare "taken" is not "shown": then it counts as held until a look tells.
    """
    state = state_of(reply)
    if state == "rejected":
        raise Rejected(_refused(line(reply.get("policyViolation"), 100)))
    unsure = at_once and line(reply.get("reviewReplyState"), 50) != "APPROVED"
    return SentReply(reply_id(name), url, "pending" if unsure or state == "pending" else "live")


def says(reply: Mapping[str, Any], text: str) -> bool:
    """Say whether an answer has these very words, whatever Google translated beside them."""
    return bool(reply) and normal(original(clean(reply.get("comment")))) == normal(text)


def original(text: str) -> str:
    """Return the words as they were written, without Google's translation of them before or after."""
    if _TRANSLATED not in text:
        return text
    before, _, after = text.partition(_TRANSLATED)
    return after.partition(_ORIGINAL)[2].strip() if _ORIGINAL in after else before.strip()


def _review(given: Mapping[str, Any], account: str, location: Location) -> InboundItem:
    own = review_id(given)
    if not own:
        raise Unreadable("It is not a review with an id.")
    created, updated = moment(given.get("createTime")), moment(given.get("updateTime"))
    posted_at = created or updated
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    name = name_of(account, location.id, own)
    text = clean(given.get("comment"))
    answered_at = replied_at(reply_of(given))
    edited = bool(updated and updated > posted_at)
    return InboundItem(
        remote_id=name,
        thread_id=name,
        direction="inbound",
        author=_author(given.get("reviewer")),
        text=text,
        posted_at=posted_at,
        ratings=_ratings(given.get("starRating")),
        url=location.url or address(given.get("reviewReplyUrl")),
        service_code=location.code,
        service_name=location.title or None,
        attachments=tuple(filter(None, map(_attachment, sequence(given.get("reviewMediaItems"))))),
        change="edited" if edited else "created",
        source=small(
            reply_url=address(given.get("reviewReplyUrl")),
            replied_at=answered_at.isoformat() if answered_at else None,
            edited_after_reply=bool(edited and updated and answered_at and updated > answered_at) or None,
            translated=_TRANSLATED in text or None,
        ),
    )


def _answer(reply: Mapping[str, Any], review: InboundItem, location: Location) -> InboundItem:
    return InboundItem(
        remote_id=reply_id(review.remote_id),
        thread_id=review.remote_id,
        in_reply_to=review.remote_id,
        direction="outbound",
        author=Author(None, location.title or "Organisation"),
        text=clean(reply.get("comment")),
        posted_at=replied_at(reply) or review.posted_at,
        url=review.url,
        service_code=review.service_code,
        service_name=review.service_name,
    )


def _author(value: Any) -> Author:
    reviewer = mapping(value)
    shown = "" if reviewer.get("isAnonymous") is True else line(reviewer.get("displayName"), 100)
    return Author(None, shown or "Anonymous")


def _ratings(value: Any) -> tuple[Rating, ...]:
    stars = STARS.get(value) if isinstance(value, str) else None
    return (Rating("Stars", stars, 5),) if stars else ()


def _attachment(value: Any) -> Mapping[str, str] | None:
    media = mapping(value)
    video, picture = address(media.get("videoUrl")), address(media.get("thumbnailUrl"))
    if not (video or picture):
        return None
    known = {
        "type": "video" if video else "photo",
        "url": video or picture or "",
        "description": line(media.get("thumbnailLabel"), 500),
    }
    return {name: text for name, text in known.items() if text}


def _ods_code(text: str) -> str | None:
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else None


def _refused(violation: str) -> str:
    # New values may be added: what we don't know is said in Google's own word.
    known = _VIOLATIONS.get(violation) or violation.replace("_", " ").lower()
    because = f": {known}" if known else ""
    return f"Google's moderators refused this answer{because}. It does not show. Change it and send it again."
