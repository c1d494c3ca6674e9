"""What a provider's answer means: its body decoded, its status as an error of ours, how long it asks us to wait.

What a call becomes, before a connector's own table of statuses is asked:

    no connection, timeout, broken or cut-off body    Unavailable   (may have been carried out all the same)
    408, 425, every 5xx                               Unavailable   (with Retry-After)
    429                                               RateLimited   (Retry-After, else x-rate-limit-reset)
    3xx                                               UnexpectedAnswer, redirects are never followed
    other 4xx                                         UnexpectedAnswer
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from healthberry.connectors.errors import Permanent, RateLimited, Temporary, Unavailable, UnexpectedAnswer

Error = type[Temporary] | type[Permanent]
Refusals = Mapping[int, tuple[Error, str]]

LONGEST_WAIT: Final = 24 * 3600.0


@dataclass(frozen=True)
class Answer:
    """What a provider said; header names ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Say whether this is a page for people where data was asked for."""
        declared = self.headers.get("content-type", "").lower()
        return "html" in declared or self.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

    def json(self) -> Any:
        """Return the decoded body; malformed UTF-8 becomes U+FFFD, control characters in strings pass.

        Raises: Unavailable when the body is cut off or garbled, so that the same page is asked for again.
        """
        try:
            return json.loads(self.body.decode("utf-8-sig", "replace"), strict=False, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise Unavailable("The answer was cut off or garbled.") from error


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait that the headers ask for (at most a day), or None where they ask for nothing."""
    now = now or datetime.now(UTC)
    asked = headers.get("retry-after", "").strip()
    reset = headers.get("x-rate-limit-reset", "").strip()
    seconds = _number(asked)
    if asked and seconds is None:
        seconds = _until(asked, now)
    if seconds is None and (at := _number(reset)) is not None:
        seconds = at - now.timestamp()
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def usual_refusal(status: int, place: str) -> tuple[Error, str]:
    """Return what a status outside 2xx means where the connector's own table does not say."""
    if status == 429:
        return RateLimited, f"{place} asks us to slow down."
    if status >= 500 or status in (408, 425):
        return Unavailable, f"{place} is not available just now."
    return UnexpectedAnswer, f"{place} gave an answer that we do not understand (status {status})."


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None  # also drops "nan" and "inf"


def _until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _integer(digits: str) -> int | str:
    # Python refuses to convert thousands of digits; such a "number" is no reason to lose the page.
    return int(digits) if len(digits) < 400 else digits
