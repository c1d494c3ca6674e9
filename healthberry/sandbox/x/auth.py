"""Who calls X, and how often they may: bearer tokens, scopes, rate limits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from hmac import compare_digest

from flask import Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.limits import Verdict
from healthberry.sandbox.state import here

from .shapes import problem

WINDOW = 15 * 60
DAY = 24 * 3600


@dataclass(frozen=True)
class Caller:
    """Say who calls: the application alone (`user_id` None) or for an account."""

    identity: str
    user_id: int | None
    scopes: frozenset[str]


def caller() -> Caller | None:
    """Recognise the bearer of the request's token.

    None when it is missing, unknown, revoked or older than two hours.
    """
    sandbox = here()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    if compare_digest(token.encode(), sandbox.config.keys["X_BEARER_TOKEN"].encode()):
        return (
            None
            if sandbox.store.value("SELECT name FROM x_flags WHERE name = 'bearer_invalidated'")
            else Caller("app", None, frozenset())
        )
    sql = "SELECT * FROM x_tokens WHERE token = ? AND kind = 'access' AND state = 'live' AND expires_at > ?"
    found = sandbox.store.row(sql, token, sandbox.store.now())
    return Caller(f"user:{found['user_id']}", found["user_id"], frozenset(found["scope"].split())) if found else None


def call(
    user: int | None, app: int | None, scopes: str = "tweet.read users.read", window: int = WINDOW
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., Response]]:
    """Wrap a view of the X API: authenticate, check scopes, count against the limit (requests per window), set headers.

    `user` and `app` are the limits of the two kinds of callers; None closes the endpoint to that kind.
    """

    def wrap(view: Callable[..., ResponseReturnValue]) -> Callable[..., Response]:
        @wraps(view)
        def called(**values: str) -> Response:
            who = caller()
            if who is None:
                return problem(401, "Unauthorized", "Unauthorized")
            limit = app if who.user_id is None else user
            refusal = _refusal(who, limit, set(scopes.split()))
            if refusal is not None or limit is None:
                return refusal or problem(403, "Forbidden", "Forbidden")
            return _counted(who, view, values, limit, window)

        called.limits = (user, app, window)  # type: ignore[attr-defined]
        return called

    return wrap


def _refusal(who: Caller, limit: int | None, scopes: set[str]) -> Response | None:
    if limit is None:
        detail = (
            "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
            "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
        )
        return problem(403, "Unsupported Authentication", detail, "unsupported-authentication")
    if who.user_id is not None and not scopes <= who.scopes:
        return problem(403, "Forbidden", "You are not permitted to perform this action.")
    return None


def _counted(
    who: Caller, view: Callable[..., ResponseReturnValue], values: dict[str, str], limit: int, window: int
) -> Response:
    sandbox = here()
    verdict = sandbox.limits.hit(
        who.identity, view.__name__, limit, window, sandbox.store.now(), sandbox.settings.rate_limits
    )
    g.caller, g.verdict = who, verdict
    return make_response(view(**values)) if verdict.allowed else problem(429, "Too Many Requests", "Too Many Requests")


def say_limits(answer: Response) -> Response:
    """Put X's headers on every reply, refusals and failures too; what an ordered fault said of the limits stays."""
    limits = getattr(current_app.view_functions.get(request.endpoint or ""), "limits", None)
    if limits is None:
        return answer
    who: Caller | None = g.get("caller") or caller()
    verdict: Verdict = g.get("verdict") or _standing(who, *limits)
    answer.headers.setdefault("x-rate-limit-limit", str(verdict.limit))
    answer.headers.setdefault("x-rate-limit-remaining", str(verdict.remaining))
    answer.headers.setdefault("x-rate-limit-reset", str(verdict.reset))
    answer.headers["x-access-level"] = "read-write" if who is not None and who.user_id is not None else "read"
    answer.headers["api-version"] = "2.167"
    return answer


def _standing(who: Caller | None, user: int | None, app: int | None, window: int) -> Verdict:
    """Return where somebody stands who was not counted: a stranger, or a caller whose kind is shut out here."""
    by_user, by_app = user or app or 0, app or user or 0
    limit = by_user if who is not None and who.user_id is not None else by_app
    name = (request.endpoint or "").rsplit(".", 1)[-1]
    return here().limits.look(who.identity if who else "nobody", name, limit, window, here().store.now())
