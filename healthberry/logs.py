"""Logging: constant event names with fields (ids, never words), one line each, secrets masked.

    log = logging.getLogger(__name__)
    logs.event(log, "reply.sent", reply_id=reply.id, seconds=0.4)

`configure` is called once per process. Masking happens in a filter on the handler: it also covers what libraries log.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TextIO

from healthberry import tracebacks

MASK: Final = "***"
_SHORTEST_SECRET: Final = 6
_LONGEST_LINE: Final = 20_000
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_TOO_TALKATIVE: Final = ("flask-limiter", "httpx", "httpcore", "rq.worker", "urllib3")

_PATTERNS: Final = (
    # Credentials inside an address.
    (re.compile(r"(://)[^/\s:@]*+:[^/\s@]++@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b(bearer|basic|subscription_key)\s+(?!key\b|token\b)[\w.~+/=%-]{6,}"), rf"\1 {MASK}"),
    (
        re.compile(
            r"(?i)((?:token|secret|password|passwd|authorization|api[_-]?key|subscription[_-]?key|verifier)[\w-]*+"
            r"|\b(?:code|key|sig|signature|state))(\"?'?\s*[=:]\s*\"?'?)(?!\*\*\*)[^\s\"'&,;}]+"
        ),
        rf"\1\2{MASK}",
    ),
    # Each begins where a word begins and gives nothing back: time in proportion to the line.
    (re.compile(r"(?<![\w.%+'-])[\w.%+'-]++@[\w-]++(?:\.[\w-]++)+"), "[e-mail]"),
    # What looks like a key although nothing says so: long, with digits and letters, without spaces.
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?!\w{8}-\w{4}-\w{4}-\w{4}-\w{12}\b)[\w-]{32,}+(?:\.[\w-]++)*"
        ),
        MASK,
    ),
)


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without tokens, keys, e-mail addresses and the given secrets; masking twice changes nothing."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def event(log: logging.Logger, name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log the event `name`, a constant, with its fields: ids, counts and times, never what somebody wrote."""
    log.log(level, name, extra={"fields": fields})


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_context: ContextVar[Mapping[str, Any]] = ContextVar("log_context", default=_NOTHING)


@contextmanager
def about(**ids: Any) -> Iterator[None]:
    """Let every line that is logged within carry these ids: of the request, the member, the job."""
    token = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def know(**ids: Any) -> None:
    """Let every further line of the present request or job carry these ids too."""
    _context.set({**_context.get(), **ids})


def forget() -> None:
    """Begin anew: further lines carry no ids."""
    _context.set(_NOTHING)


def known() -> Mapping[str, Any]:
    """Return the ids that the lines of the present request or job carry."""
    return _context.get()


class Masking(logging.Filter):
    """Mask message, fields and traceback of every record that passes."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        # Longest first: one secret may be the beginning of another.
        known = {secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET}
        self._secrets = sorted(known, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; nothing is ever held back."""
        record.msg, record.args = self._mask(_message(record)), None
        if record.exc_info and record.exc_info[1] and not record.exc_text:
            record.exc_text = tracebacks.written(record.exc_info[1])
        record.exc_text = self._mask(record.exc_text) if record.exc_text else None
        fields = getattr(record, "fields", {})
        # A request's id may look like a key, and is none.
        record.fields = {**_context.get(), **{key: self._field(value) for key, value in fields.items()}}
        return True

    def _field(self, value: Any) -> Any:
        return value if isinstance(value, int | float | bool | None) else self._mask(str(value))

    def _mask(self, text: str) -> str:
        return mask(text[:_LONGEST_LINE], self._secrets)


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, event, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a field never replaces one of the four names."""
        line: dict[str, Any] = {
            **_fields(record),
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _message(record),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=True, default=str)


class Plain(logging.Formatter):
    """One line for eyes: date and time in UTC, level, event, fields as key=value; a traceback follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        fields = " ".join(f"{key}={value}" for key, value in _fields(record).items())
        line = _harmless(" ".join(f"{at} {record.levelname.lower()} {_message(record)} {fields}".split()))
        return line + ("\n    " + _harmless(record.exc_text).replace("\n", "\n    ") if record.exc_text else "")


def configure(
    level: int | str = logging.INFO,
    style: Literal["json", "plain"] = "plain",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> logging.Handler:
    """Send all logging of this process to `stream` (standard error) in one `style`, with `secrets` masked.

    A second call replaces what the first one set up. Loggers that print whole addresses are raised to WARNING.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(Masking(secrets))
    handler.setFormatter(JsonLines() if style == "json" else Plain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def _harmless(text: str) -> str:
    """Leave no control character in it by which a terminal could be led astray, but for the ends of lines."""
    return _CONTROLS.sub("�", text)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    return getattr(record, "fields", {})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit: the message is worth more than an exception
        return str(record.msg)
