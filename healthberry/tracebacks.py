"""What a failure says of itself in the log: of what class, where, and in its own words only if those are about code.

A message often quotes what could not be read ("Invalid isoformat string: 'My mother …'"). Those of the classes below
are about programs and machines; of all others the class and the place are kept.
"""

import traceback
from collections.abc import Iterator
from typing import Final

_SPEAKING: Final = (AttributeError, TypeError, NameError, ImportError, OSError, MemoryError, RecursionError)
_OF_MACHINES: Final = ("builtins", "socket", "ssl")  # mail servers answer in an OSError of smtplib, and quote
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def written(error: BaseException) -> str:
    """Return the traceback as Python writes it, with what led to it, without what the messages quote."""
    return "".join(_chain(error)).rstrip("\n")


def _chain(error: BaseException) -> Iterator[str]:
    links: list[tuple[str, BaseException]] = []
    seen: set[int] = set()
    at: BaseException | None = error
    joint = ""
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        links.append((joint, at))
        joint = _CAUSE if at.__cause__ is not None else _CONTEXT
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    for place, (after, one) in reversed(list(enumerate(links))):
        yield "Traceback (most recent call last):\n" if one.__traceback__ else ""
        yield from traceback.format_tb(one.__traceback__)
        yield f"{_said(one)}\n{after if place else ''}"


def _said(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    speaks = isinstance(error, _SPEAKING) and kind.__module__ in _OF_MACHINES
    return f"{name}: {error}" if speaks and str(error) else name
