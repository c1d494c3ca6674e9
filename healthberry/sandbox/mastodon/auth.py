"""Who calls a Mastodon server, what they may, and how often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps

from flask import Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox.limits import Verdict
from healthberry.sandbox.state import here

WINDOW, LIMIT = 300, 300


@dataclass(frozen=True)
class Caller:
    """The account that calls, as `account@server`; "" for an application by itself."""

    place: str
    scopes: frozenset[str]


def refused(status: int, words: str) -> Response:
    """Answer as Mastodon refuses."""
    return make_response(jsonify(error=words), status)


def caller(host: str) -> Caller | None:
    """Recognise the bearer of the token; None where it is none of this server."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = here().store.row("SELECT * FROM mastodon_tokens WHERE token = ?", token) if kind == "Bearer" else None
    if found is None or (found["place"] and not found["place"].endswith(f"@{host.lower()}")):
        return None
    return Caller(found["place"], frozenset(found["scope"].split()))


def signed_in(scope: str) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., Response]]:
    """Wrap a view: an account has to be signed in with this scope; calls are counted."""

    def wrap(view: Callable[..., ResponseReturnValue]) -> Callable[..., Response]:
        @wraps(view)
        def called(host: str, **values: str) -> Response:
            who = caller(host)
            if who is None or not who.place:
                return refused(401, "The access token is invalid")
            if scope not in who.scopes and scope.partition(":")[0] not in who.scopes:
                return refused(403, "This action is outside the authorized scopes")
            seed.ask(here(), "mastodon", who.place)
            verdict = _count(who)
            answer = make_response(view(who, **values)) if verdict.allowed else refused(429, "Too many requests")
            return _limited(answer, verdict)

        return called

    return wrap


def _count(who: Caller) -> Verdict:
    sandbox = here()
    enforced = sandbox.settings.rate_limits
    return sandbox.limits.hit(f"mastodon:{who.place}", "api", LIMIT, WINDOW, sandbox.store.now(), enforced)


def _limited(answer: Response, verdict: Verdict) -> Response:
    """Say how much is left; without limits nothing is said, as by other implementations."""
    if here().settings.rate_limits:
        reset = datetime.fromtimestamp(verdict.reset, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        answer.headers["X-RateLimit-Limit"] = str(verdict.limit)
        answer.headers["X-RateLimit-Remaining"] = str(verdict.remaining)
        answer.headers["X-RateLimit-Reset"] = reset
    return answer
