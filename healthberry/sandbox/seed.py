"""The past of an organisation, invented when it is first asked for."""

from random import Random
from typing import Any

from . import careopinion_store, handles, nhsuk_store, x_store
from .config import chance
from .invent import DAY, Inventor, visit
from .kinds import is_site, root
from .state import Sandbox
from .x_write import reply_as

FEW = 3
STAFF = (
    "Patient Experience Team",
    "PALS",
    "Matron",
    "Service Manager",
    "Feedback and Complaints Team",
)
STAFF_OF = {
    "gp": ("Practice Manager", "Assistant Practice Manager"),
    "dentist": ("Practice Manager",),
    "pharmacy": ("Superintendent Pharmacist", "Store Manager"),
    "care_home": ("Registered Manager", "Deputy Manager"),
}


def ask(sandbox: Sandbox, channel: str, place: str) -> None:
    """Note that an organisation was asked for; the first time, invent its past. A second call does nothing."""
    key = place_key(channel, place)
    if (channel, key) in sandbox.asked or (channel != "x" and not careopinion_store.CODE.fullmatch(place)):
        return
    with sandbox.store.writing():
        if note(sandbox, channel, key):
            _invent_past(sandbox, channel, key)
    sandbox.asked.add((channel, key))


def note(sandbox: Sandbox, channel: str, place: str) -> bool:
    """Enter an organisation among those asked for, without a past; return whether it was new."""
    key, now = place_key(channel, place), sandbox.store.now()
    new = sandbox.store.run("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", channel, key, now) > 0
    if new and channel == "x":
        handles.notice(sandbox.store, place)
    next_at = now + int(1000 * sandbox.settings.life_seconds * chance(now, key).uniform(0.5, 1.5))
    sandbox.store.run("INSERT OR IGNORE INTO living VALUES (?, ?)", living_root(channel, key), next_at)
    return new


def place_key(channel: str, place: str) -> str:
    """Return how an organisation is written.

    Handles small, codes in capitals (a service's name after the code stays).
    """
    if channel == "x":
        return place.lstrip("@").lower()
    code, space, service = place.strip().partition(" ")
    return code.upper() + space + service


def living_root(channel: str, key: str) -> str:
    """Return under which name an organisation gets new items: its sites count as itself."""
    return f"x:{key}" if channel == "x" else f"ods:{root(key)}"


def _invent_past(sandbox: Sandbox, channel: str, key: str) -> None:
    number = sandbox.settings.seed_items
    if channel != "x" and is_site(key):
        number = min(FEW, number)
    if number == 0:
        return
    source = chance(sandbox.config.random_seed, channel, key)
    inventor = Inventor(sandbox, living_root(channel, key), key, source)
    {"x": _x_past, "careopinion": _careopinion_past, "nhsuk": _nhsuk_past}[channel](inventor, key, number)
    inventor.save()


def _moments(inventor: Inventor, number: int) -> list[int]:
    """Return moments newest first: what is read first gets the best texts."""
    return sorted((inventor.past_moment() for _ in range(number)), reverse=True)


def _x_past(inventor: Inventor, key: str, number: int) -> None:
    store, source = inventor.sandbox.store, inventor.source
    user = x_store.ensure_user(store, key, organisation=True)
    for _ in range(4):
        text = inventor.sandbox.texts.announcement(source)
        x_store.add_post(store, x_store.NewPost(user["id"], text, inventor.past_moment()))
    for moment in _moments(inventor, number):
        new, written = inventor.post(user, moment)
        post = x_store.add_post(store, new)
        if written.tone != "spam" and source.random() < 0.35:
            _x_thread(inventor, user, post, written.tone)


def _x_thread(inventor: Inventor, user: dict[str, Any], post: dict[str, Any], tone: str) -> None:
    """Let the organisation answer a past post, and some authors answer back."""
    store, source, texts = inventor.sandbox.store, inventor.source, inventor.sandbox.texts
    now = store.now()
    answered = post["created_at"] + source.randint(600, 90_000) * 1000
    if answered > now - 120_000:
        return
    reply = reply_as(store, user["id"], texts.reply(tone, source, short=True), post, answered)
    if source.random() < 0.3:
        later = min(now - 60_000, answered + source.randint(300, 40_000) * 1000)
        reply_as(store, post["author_id"], texts.follow_up(source), reply, later)


def _careopinion_past(inventor: Inventor, key: str, number: int) -> None:
    store, source = inventor.sandbox.store, inventor.source
    written = [inventor.story(_service(key, inventor.kind, source), moment) for moment in _moments(inventor, number)]
    written.reverse()
    numbers = careopinion_store.add_stories(store, [story for story, _ in written])
    responses = []
    for ident, (story, words) in zip(numbers, written, strict=True):
        response = _co_response(inventor, ident, story, words.tone) if source.random() < 0.5 else None
        if response is not None:
            responses.append(response)
    careopinion_store.add_responses(store, responses)


def _co_response(
    inventor: Inventor, ident: int, story: careopinion_store.NewStory, tone: str
) -> careopinion_store.NewResponse | None:
    """Return an answer some days after the story; None where that day is still to come."""
    source = inventor.source
    body = inventor.sandbox.texts.reply(tone, source, short=False)
    moment = story.published_at + int(source.uniform(0.5, 12) * DAY)
    if moment > inventor.sandbox.store.now() - 120_000:
        return None
    changed = source.choice([0, 0, 0, 1, 2]) if tone in ("mixed", "concern", "serious") else 0
    who = source.choice(STAFF_OF.get(inventor.kind, STAFF))
    return careopinion_store.NewResponse(ident, body, body, who, who, story.place, moment - 3_600_000, moment, changed)


def _service(key: str, kind: str, source: Random) -> str:
    """Return which part of an organisation a story is about: a trust's are told of its sites and services too."""
    if kind != "trust" or " " in key:
        return key
    return source.choice([key, key, f"{key}01", f"{key}01", f"{key}02", f"{key}01 outpatients"])


def _nhsuk_past(inventor: Inventor, key: str, number: int) -> None:
    sandbox, source = inventor.sandbox, inventor.source
    copies = _syndicated(inventor, key, max(1, number // 12))
    written = [inventor.review(key, moment) for moment in _moments(inventor, max(0, number - len(copies)))]
    written.reverse()
    guids = nhsuk_store.add_reviews(sandbox.store, [review for review, _ in written] + copies)
    for guid, (review, words) in zip(guids, written, strict=False):
        if words.tone != "spam" and source.random() < 0.55:
            _nhsuk_response(inventor, guid, review, words.tone)


def _nhsuk_response(inventor: Inventor, guid: str, review: nhsuk_store.NewReview, tone: str) -> None:
    store, source = inventor.sandbox.store, inventor.source
    ref = store.sure("SELECT ref FROM nu_comments WHERE guid = ?", guid)["ref"]
    moment = review.published_at + int(source.uniform(0.2, 9) * DAY)
    if moment > store.now() - 120_000:
        return
    body = inventor.sandbox.texts.reply(tone, source, short=False)
    nhsuk_store.add_response(
        store, nhsuk_store.NewResponse(ref, body, source.choice(STAFF_OF.get(inventor.kind, STAFF)), moment, moment)
    )


def _syndicated(inventor: Inventor, key: str, number: int) -> list[nhsuk_store.NewReview]:
    """Return copies of Care Opinion stories about the same place, as Care Opinion pushes them."""
    ask(inventor.sandbox, "careopinion", key)
    sql = """SELECT * FROM co_stories WHERE place = ? AND state = 'visible' AND published_at <= ?
             ORDER BY published_at DESC LIMIT ?"""
    rows = inventor.sandbox.store.rows(sql, key, inventor.sandbox.store.now() - DAY, number)
    return [copy_of(row) for row in rows]


def copy_of(story: dict[str, Any]) -> nhsuk_store.NewReview:
    """Make NHS.UK's copy of a Care Opinion story: same words, other publisher, its number as the reference."""
    from_path = f"careopinion/{story['id']}"
    month, year = visit(story["submitted_at"])
    return nhsuk_store.NewReview(
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
