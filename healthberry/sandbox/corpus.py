"""Load texts from a CSV as past items of one organisation, spread over the past two years."""

import csv
import io
from dataclasses import dataclass

from . import careopinion_store, nhsuk_store, seed, x_store
from .config import chance
from .invent import DAY, visit
from .publish import Unusable
from .state import Sandbox

csv.field_size_limit(16_000_000)
YEARS_SECONDS = 2 * 365 * 86_400
TITLE_WORDS = 8


@dataclass(frozen=True)
class Choice:
    """Which rows: from the `start`th (0-based) at most `count`, skipping empty ones; `seed` shuffles the times."""

    column: str
    count: int | None = None
    start: int = 0
    seed: int | None = None


def load(sandbox: Sandbox, channel: str, place: str, text: str, choice: Choice) -> list[str]:
    """Store the texts untouched, oldest first in the order of the rows; return their remote ids.

    The organisation counts as asked for from now on, so that no invented past is added to these.
    Raises: Unusable.
    """
    texts = _texts(text, choice)
    source = chance(sandbox.config.random_seed, "corpus", choice.seed)
    latest = sandbox.store.now() - 3_600_000
    moments = sorted(latest - int(source.random() * (YEARS_SECONDS - 3600) * 1000) for _ in texts)
    loaders = {"x": _load_x, "careopinion": _load_careopinion, "nhsuk": _load_nhsuk}
    with sandbox.store.writing():
        seed.note(sandbox, channel, place)
        return loaders[channel](sandbox, place, texts, moments, source.randint(0, 10**6))


def _texts(text: str, choice: Choice) -> list[str]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = reader.fieldnames or []
    column = choice.column or ("text" if "text" in names else "")
    if column not in names:
        raise Unusable(f"The CSV has no column {choice.column or 'text'!r}; its columns are: {', '.join(names)[:500]}.")
    try:
        rows = [row[column] or "" for row in reader]
    except csv.Error as problem:
        raise Unusable(f"The CSV cannot be read: {problem}.") from problem
    kept = [row for row in rows[choice.start :] if row.strip()]
    return kept if choice.count is None else kept[: choice.count]


def _load_x(sandbox: Sandbox, place: str, texts: list[str], moments: list[int], salt: int) -> list[str]:
    handle = place.lstrip("@")
    if not x_store.HANDLE.fullmatch(handle):
        raise Unusable("A handle has 1 to 15 letters, digits or underscores.")
    user = x_store.ensure_user(sandbox.store, handle, organisation=True)
    source = chance(sandbox.config.random_seed, "authors", salt)
    authors = [
        x_store.ensure_user(sandbox.store, sandbox.texts.screen_name(source)) for _ in range(min(400, len(texts)))
    ]
    posts = []
    for text, moment in zip(texts, moments, strict=True):
        lead = "" if f"@{handle.lower()}" in text.lower() else f"@{user['username']} "
        posts.append(x_store.NewPost(source.choice(authors)["id"], lead + text, moment, len(lead)))
    return [str(number) for number in x_store.add_past_mentions(sandbox.store, user["id"], posts)]


def _load_careopinion(sandbox: Sandbox, place: str, texts: list[str], moments: list[int], salt: int) -> list[str]:
    code = _code(place)
    source = chance(sandbox.config.random_seed, "authors", salt)
    stories = [
        careopinion_store.NewStory(code, _title(text), text, sandbox.texts.screen_name(source), moment - DAY, moment)
        for text, moment in zip(texts, moments, strict=True)
    ]
    return [str(number) for number in careopinion_store.add_stories(sandbox.store, stories)]


def _load_nhsuk(sandbox: Sandbox, place: str, texts: list[str], moments: list[int], salt: int) -> list[str]:
    code = _code(place)
    source = chance(sandbox.config.random_seed, "authors", salt)
    reviews = []
    for text, moment in zip(texts, moments, strict=True):
        month, year = visit(moment - 10 * DAY)
        name = sandbox.texts.signature(source)
        reviews.append(
            nhsuk_store.NewReview(
                code,
                _title(text),
                text,
                name,
                moment - 3_600_000,
                moment,
                month,
                year,
                source.choice([1, 2, 3, 4, 5, 5]),
            )
        )
    return nhsuk_store.add_reviews(sandbox.store, reviews)


def _code(place: str) -> str:
    code = seed.place_key("careopinion", place)
    if not careopinion_store.CODE.fullmatch(code):
        raise Unusable("An ODS code has 2 to 12 letters and digits.")
    return code


def _title(text: str) -> str:
    words = text.split()
    return " ".join(words[:TITLE_WORDS])[:100] + ("…" if len(words) > TITLE_WORDS else "")
