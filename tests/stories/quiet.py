"""What no log line may hold: anybody's words, names, handles, addresses or tokens."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from healthberry import logs

# Shorter ones are ordinary words by chance.
_SHORTEST = 10
_PLANTED = """
SELECT left(text, 30) FROM messages UNION SELECT left(title, 30) FROM messages UNION SELECT screen_name FROM messages
UNION SELECT screen_name FROM authors UNION SELECT remote_id FROM authors WHERE remote_id !~ '^[0-9a-f-]+$'
UNION SELECT left(text, 30) FROM replies UNION SELECT left(text, 30) FROM drafts UNION SELECT left(text, 30) FROM notes
UNION SELECT email FROM members UNION SELECT name FROM members
"""


class Heard(logging.Handler):
    """Every line as production would write it: masked, and as JSON."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.addFilter(logs.Masking())
        self.setFormatter(logs.JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear everything from INFO on that our own code and its libraries log."""
    heard, root = Heard(), logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.removeHandler(heard)
        root.setLevel(level)


def told(lines: Sequence[str], owner: psycopg.Connection, secrets: Sequence[str]) -> list[str]:
    """Return the lines that hold what was said, who said it, or a secret."""
    planted = [str(row[0]).strip() for row in owner.execute(_PLANTED) if row[0]]
    marks = {*secrets, *(one for one in planted if len(one) >= _SHORTEST)}
    escaped = {json.dumps(one)[1:-1] for one in marks}
    return [line for line in lines if any(one in line for one in escaped)]
