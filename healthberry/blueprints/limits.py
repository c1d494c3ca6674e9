"""How much one network may try to get in, and one person may read; counted in Valkey, for all processes together.

Whoever tries to get in while Valkey is away is asked to wait: uncounted tries could be guesses. Reading goes on,
counted by each process for itself. How many codes are sent, and how often each is tried, is the database's to count
(core.codes, core.second_step), Valkey or no Valkey.
"""

import hashlib
import hmac
import logging
from uuid import UUID

from flask import Flask, current_app, request, session
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from redis import ConnectionPool
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.blueprints import refusals
from healthberry.core import codes
from healthberry.core.errors import Invalid
from healthberry.extensions import part
from healthberry.settings import Settings

log = logging.getLogger(__name__)

# A hospital's whole staff shares few addresses: wide enough for the first minutes of a working day.
TRIES = "200 per 15 minutes"
WAYS_IN = frozenset(
    {
        "codes.again", "codes.again_by_link", "codes.check", "codes.check_link", "confirm.check", "confirm.mail",
        "openid.begin", "operator.send_code", "operator_step.check", "operator_step.confirm",
        "passkeys.confirm", "passkeys.second", "passkeys.sign_in",
        "people.accept", "proving.ask_address", "proving.ask_mailbox", "proving.check_code", "proving.look_at_domain",
        "proving.look_at_website", "reply_link.send_code", "second_step.check", "session.chosen", "session.send_code",
        "signup.send_code",
    }
)  # fmt: skip
# Anybody may ask about their data; nobody needs to a hundred times.
ASKS = "30 per hour"
_ASKING = frozenset({"rights.ask"})
# Letters of one organisation to one mailbox; how many somebody sends in all is core.invitations' to count.
MOST_INVITATIONS, _DAY_SECONDS = 5, 24 * 3600
# What answers machines, or for as long as it is read.
_NO_READING = frozenset({"health.show", "health.web", "metrics.show", "stream.follow"})
_PATIENCE_SECONDS = 0.5  # nobody waits long for a count
_STEPS = 100  # in so many the reads of a minute are counted, or one by one where there are fewer
_MOST_READERS = 10_000
_TOO_MANY_TRIES = "Too many tries came from your network. Wait a quarter of an hour."
_TOO_MUCH_READING = "You opened more pages in a minute than a person reads."
_TOO_MUCH_ASKED = "Too many requests came from your network. Wait an hour, or write to the organisation itself."
_INVITED_OFTEN = (
    "We have sent this address {} invitations in a day. They can use the newest one, or wait until tomorrow"
)
_AWAY = "Signing in is not possible just now. Try again shortly."


def install(app: Flask) -> None:
    """Count before every request; two counters, for they fail differently: each costs every request something."""
    settings: Settings = app.extensions["settings"]
    shared = {
        "strategy": "fixed-window",
        "storage_uri": "redis://",
        "storage_options": {"connection_pool": _pool(settings)},
    }
    at_once = max(settings.reads_per_minute // _STEPS, 1)
    in_advance = app.extensions["reads_in_advance"] = InAdvance(at_once)
    tries = Limiter(
        _network,
        app=app,
        application_limits=[lambda: ASKS if _asks() else TRIES],
        key_prefix="tries",
        **shared,  # type: ignore[arg-type]
    )
    reads = Limiter(
        _reader,
        app=app,
        application_limits=[f"{settings.reads_per_minute} per minute"],
        application_limits_cost=at_once,
        key_prefix="reads",
        in_memory_fallback_enabled=True,
        **shared,  # type: ignore[arg-type]
    )
    # Asked before all else: hooks take hundreds of deliveries a second, and are counted by neither.
    tries.request_filter(lambda: not (_tries() or _asks()))
    reads.request_filter(lambda: not _reads() or in_advance.take(_reader()))
    app.register_error_handler(RateLimitExceeded, _exceeded)
    app.register_error_handler(RedisError, _away)


class InAdvance:
    """Reads that are counted already, by reader: to ask Valkey before every page would cost each a round trip.

    A reader's first page is counted as so many `at_once`, and the next of them are free. What is left of them at the
    end of a minute holds in the next.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._left: dict[str, int] = {}

    def take(self, reader: str) -> bool:
        """Use one up, if there is one; where there is none, this page is going to be counted for the next as well."""
        left = self._left.get(reader, 0)
        if not left and len(self._left) >= _MOST_READERS:
            self._left.clear()
        self._left[reader] = left - 1 if left else self._at_once - 1
        return left > 0

    def lose(self, reader: str) -> None:
        """Forget what this reader has left: they were refused."""
        self._left.pop(reader, None)


def count_invitation(organisation_id: UUID, email: str) -> None:
    """Count a letter to a mailbox that is named nowhere in Valkey. Raises: Invalid, RedisError without Valkey."""
    about = f"{organisation_id}:{email}".encode()
    mark = f"invited:{hmac.new(part('settings').secret_key.encode(), about, hashlib.sha256).hexdigest()}"
    with part("valkey").pipeline() as both:
        sent, _ = both.incr(mark).expire(mark, _DAY_SECONDS, nx=True).execute()
    if sent > MOST_INVITATIONS:
        raise Invalid(_INVITED_OFTEN.format(MOST_INVITATIONS), "email")


def _pool(settings: Settings) -> ConnectionPool:
    wait = _PATIENCE_SECONDS
    return ConnectionPool.from_url(settings.redis_url, socket_timeout=wait, socket_connect_timeout=wait)


def _tries() -> bool:
    return request.endpoint in WAYS_IN and request.method == "POST"


def _asks() -> bool:
    return request.endpoint in _ASKING and request.method == "POST"


def _reads() -> bool:
    return request.method == "GET" and request.endpoint not in _NO_READING


def _network() -> str:
    return codes.network(request.remote_addr or "")


def _reader() -> str:
    return str(session.get("_user_id") or _network())


def _exceeded(error: RateLimitExceeded) -> Response:
    if _reads():
        current_app.extensions["reads_in_advance"].lose(_reader())
    why = _TOO_MANY_TRIES if _tries() else _TOO_MUCH_ASKED if _asks() else _TOO_MUCH_READING
    logs.event(log, "request.too_many", logging.WARNING, route=request.endpoint)
    response = refusals.answer(429, why)
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry())
    return response


def _away(error: RedisError) -> Response:
    logs.event(log, "valkey.unavailable", logging.ERROR, error=type(error).__name__)
    response = refusals.answer(503, _AWAY if _tries() else "A part of HealthBerry does not answer just now.")
    response.headers["Retry-After"] = "30"
    return response
