"""What is invented at Care Opinion: stories, and responses to half of them."""

from random import Random

from healthberry.sandbox.invent import DAY, Inventor, title_of
from healthberry.sandbox.texts import Written

from . import store as stories

CRITICALITY: dict[str, list[str | None]] = {
    "thanks": [None, None, "not critical"],
    "neutral": ["not critical", None],
    "question": ["not critical"],
    "mixed": ["minimally critical", "mildly critical"],
    "concern": ["mildly critical", "moderately critical"],
    "serious": ["strongly critical", "severely critical"],
    "spam": [None],
}
EMOTIONS = {
    "thanks": ["thankful", "reassured", "cared for"],
    "mixed": ["confused", "hopeful"],
    "concern": ["frustrated", "ignored"],
    "serious": ["let down", "scared"],
}
ROLES = ["a patient", "a patient", "a patient", "a relative", "a carer", "a parent"]
AGES = ["16-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84", None, None]


def past(inventor: Inventor, key: str, number: int) -> None:
    """Invent the stories of the past."""
    store, source = inventor.sandbox.store, inventor.source
    written = [story(inventor, _service(key, inventor.kind, source), moment) for moment in inventor.moments(number)]
    written.reverse()
    numbers = stories.add_stories(store, [story for story, _ in written])
    responses = []
    for ident, (story_, words) in zip(numbers, written, strict=True):
        response = _response(inventor, ident, story_, words.tone) if source.random() < 0.5 else None
        if response is not None:
            responses.append(response)
    stories.add_responses(store, responses)


def story(inventor: Inventor, place: str, moment: int) -> tuple[stories.NewStory, Written]:
    """Invent a story; it was submitted one to three days before it appeared."""
    written, pick = inventor.words("careopinion"), inventor.source
    told = moment - int(pick.uniform(1, 3) * DAY)
    feelings = EMOTIONS.get(written.tone, [])
    polarity = 1 if written.tone == "thanks" else -1
    tags: list[dict[str, object]] = [
        {"name": name, "group": "Emotion", "polarity": polarity} for name in feelings[: pick.randint(0, 2)]
    ]
    made = stories.NewStory(
        place,
        title_of(written),
        written.text,
        inventor.sandbox.texts.screen_name(pick),
        told,
        moment,
        pick.choice(ROLES),
        pick.choice(AGES),
        pick.choice(CRITICALITY[written.tone]),
        tags,
    )
    return made, written


def _response(inventor: Inventor, ident: int, story: stories.NewStory, tone: str) -> stories.NewResponse | None:
    """Return an answer some days after the story; None where that day is still to come."""
    source = inventor.source
    body = inventor.sandbox.texts.reply(tone, source, short=False)
    moment = story.published_at + int(source.uniform(0.5, 12) * DAY)
    if moment > inventor.sandbox.store.now() - 120_000:
        return None
    changed = source.choice([0, 0, 0, 1, 2]) if tone in ("mixed", "concern", "serious") else 0
    who = inventor.staff()
    return stories.NewResponse(ident, body, body, who, who, story.place, moment - 3_600_000, moment, changed)


def _service(key: str, kind: str, source: Random) -> str:
    """Return which part of an organisation a story is about: a trust's are told of its sites and services too."""
    if kind != "trust" or " " in key:
        return key
    return source.choice([key, key, f"{key}01", f"{key}01", f"{key}02", f"{key}01 outpatients"])
