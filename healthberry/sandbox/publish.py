"""What a patient or an organisation does on the simulated sites, for the pages and the control API alike."""

from collections.abc import Callable
from dataclasses import dataclass

from . import careopinion_store, nhsuk_store, seed, x_store
from .config import chance
from .invent import visit
from .state import Sandbox
from .x_write import reply_as


class Unusable(ValueError):
    """What was asked for cannot be done; the text says why, for people."""


@dataclass
class Telling:
    """What somebody wants to say; `posted_at` in UTC milliseconds, None for now.

    `hidden_seconds` = time until it shows.
    """

    place: str
    author: str
    text: str
    title: str = ""
    rating: int | None = None
    in_reply_to: str | None = None
    posted_at: int | None = None
    hidden_seconds: float = 0.0
    syndicate: bool = False


def tell(sandbox: Sandbox, channel: str, telling: Telling) -> str:
    """Publish as a patient; return the id by which the provider's API knows it.

    Raises: Unusable.
    """
    doers: dict[str, Callable[[Sandbox, Telling], str]] = {
        "x": _tell_x,
        "careopinion": _tell_careopinion,
        "nhsuk": _tell_nhsuk,
    }
    with sandbox.store.writing():
        return doers[channel](sandbox, telling)


def _tell_x(sandbox: Sandbox, telling: Telling) -> str:
    store, handle = sandbox.store, telling.place.lstrip("@")
    if not x_store.HANDLE.fullmatch(handle):
        raise Unusable("A handle has 1 to 15 letters, digits or underscores.")
    user = x_store.ensure_user(store, handle, organisation=True)
    author = x_store.ensure_user(
        store, x_store.handle_of(telling.author or "somepatient"), name=telling.author or "somepatient"
    )
    parent = None
    if telling.in_reply_to:
        parent = x_store.visible_post(store, int(telling.in_reply_to)) if telling.in_reply_to.isdigit() else None
        if parent is None:
            raise Unusable("The post to answer does not exist.")
    if parent and parent["author_id"] == user["id"]:
        return str(reply_as(store, author["id"], telling.text, parent, telling.posted_at)["id"])
    names = {name.lower() for name in x_store.MENTION.findall(telling.text)}
    lead = "" if handle.lower() in names else f"@{user['username']} "
    moment = store.now() if telling.posted_at is None else telling.posted_at
    new = x_store.NewPost(author["id"], lead + telling.text, moment, len(lead), parent)
    return str(x_store.add_post(store, new)["id"])


def _tell_careopinion(sandbox: Sandbox, telling: Telling) -> str:
    place = _code(telling)
    now = sandbox.store.now() if telling.posted_at is None else telling.posted_at
    title = telling.title or _start(telling.text)
    story = careopinion_store.NewStory(
        place,
        title,
        telling.text,
        telling.author or "Anonymous",
        now,
        now + int(telling.hidden_seconds * 1000),
        criticality=None,
    )
    number = careopinion_store.add_stories(sandbox.store, [story])[0]
    stored = careopinion_store.any_story(sandbox.store, number)
    if telling.syndicate and stored:
        nhsuk_store.add_reviews(sandbox.store, [seed.copy_of(stored)])
    return str(number)


def _tell_nhsuk(sandbox: Sandbox, telling: Telling) -> str:
    place = _code(telling)
    if telling.rating is not None and not 1 <= telling.rating <= 5:
        raise Unusable("A rating is a number from 1 to 5.")
    now = sandbox.store.now() if telling.posted_at is None else telling.posted_at
    month, year = visit(now)
    review = nhsuk_store.NewReview(
        place,
        telling.title or _start(telling.text),
        telling.text,
        telling.author or "Anonymous",
        now,
        now + int(telling.hidden_seconds * 1000),
        month,
        year,
        telling.rating,
    )
    return nhsuk_store.add_reviews(sandbox.store, [review])[0]


def _code(telling: Telling) -> str:
    code = seed.place_key("careopinion", telling.place)
    if not careopinion_store.CODE.fullmatch(code):
        raise Unusable("An ODS code has 2 to 12 letters and digits.")
    if telling.in_reply_to:
        raise Unusable("Only posts on X can answer others.")
    return code


def _start(text: str) -> str:
    words = text.split()
    return (" ".join(words[:8])[:100] + ("…" if len(words) > 8 else "")) or "No title"


def answer_story(sandbox: Sandbox, number: int, text: str, author: str, change_int: int = 0) -> None:
    """Respond to a Care Opinion story as the organisation; it appears after the moderator's delay.

    The moderator edits some lightly.
    Raises: Unusable.
    """
    story = careopinion_store.story(sandbox.store, number)
    if story is None or not text.strip():
        raise Unusable("The story is not there, or the response is empty.")
    now, settings = sandbox.store.now(), sandbox.settings
    source = chance(sandbox.config.random_seed, number, text.encode("utf-8", "surrogatepass"))
    body = careopinion_store.moderated(text, settings.moderator_edits, source)
    role = author or "Patient Experience Team"
    shown = now + int(settings.careopinion_delay_seconds * 1000)
    careopinion_store.add_responses(
        sandbox.store,
        [careopinion_store.NewResponse(number, text, body, role, role, story["place"], now, shown, change_int)],
    )


def answer_post(sandbox: Sandbox, number: int, handle: str, text: str) -> str:
    """Reply to a post as the organisation, on X itself, where the rules of the API do not apply; return the reply's id.

    Raises: Unusable.
    """
    post = x_store.visible_post(sandbox.store, number)
    user = x_store.user_by_name(sandbox.store, handle)
    if post is None or user is None or not user["organisation"] or not text.strip():
        raise Unusable("The post or the account is not there, or the reply is empty.")
    return str(reply_as(sandbox.store, user["id"], text, post)["id"])


def answer_review(sandbox: Sandbox, guid: str, text: str, author: str) -> None:
    """Respond to an NHS.UK review as the organisation, on the site itself: it appears at once (or after the delay set).

    Raises: Unusable.
    """
    review = nhsuk_store.review(sandbox.store, guid)
    if review is None or review["status"] != "Published" or not text.strip():
        raise Unusable("The review is not there, or the response is empty.")
    now = sandbox.store.now()
    shown = now + int(sandbox.settings.nhsuk_delay_seconds * 1000)
    try:
        nhsuk_store.add_response(
            sandbox.store, nhsuk_store.NewResponse(review["ref"], text, author or "The organisation", now, shown)
        )
    except nhsuk_store.Refused as refused:
        raise Unusable(str(refused)) from refused
