"""Load texts from a CSV as past items of one organisation, spread over the past two years."""

import csv
import io
from dataclasses import dataclass

from . import seed
from .config import chance
from .site import Site
from .state import Sandbox
from .telling import Unusable

csv.field_size_limit(16_000_000)
YEARS_SECONDS = 2 * 365 * 86_400


@dataclass(frozen=True)
class Choice:
    """Which rows: from the `start`th (0-based) at most `count`, skipping empty ones; `seed` shuffles the times."""

    column: str
    count: int | None = None
    start: int = 0
    seed: int | None = None


def load(sandbox: Sandbox, site: Site, place: str, text: str, choice: Choice) -> list[str]:
    """Store the texts untouched, oldest first in the order of the rows; return their remote ids.

    The organisation counts as asked for from now on, so that no invented past is added to these.
    Raises: Unusable.
    """
    texts = _texts(text, choice)
    source = chance(sandbox.config.random_seed, "corpus", choice.seed)
    latest = sandbox.store.now() - 3_600_000
    moments = sorted(latest - int(source.random() * (YEARS_SECONDS - 3600) * 1000) for _ in texts)
    with sandbox.store.writing():
        seed.note(sandbox, site, place)
        return site.load(sandbox, place, texts, moments, source.randint(0, 10**6))


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
