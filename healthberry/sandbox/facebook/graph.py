"""What the Graph API does alike everywhere: errors, versions, tokens, proofs, usage."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row, Store

OLDEST, NEWEST = 21, 26
CALLS_A_DAY = 4_800  # for each person who took part on the Page
DAY = 86_400
_VERSION = re.compile(r"v(\d{1,2})\.\d")


class GraphError(Exception):
    """An error as the API words it."""

    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status


def answer_errors(blueprint: Blueprint) -> None:
    """Let a blueprint answer a `GraphError` in the API's shape."""

    def failed(error: Exception) -> ResponseReturnValue:
        assert isinstance(error, GraphError)  # noqa: S101 - it is registered for nothing else
        return error_answer(error)

    blueprint.register_error_handler(GraphError, failed)


def error_answer(error: GraphError) -> Response:
    """Return an error as JSON."""
    said: dict[str, Any] = {
        "message": f"(#{error.code}) {error.message}",
        "type": "OAuthException",
        "code": error.code,
        "fbtrace_id": "A" + sha256(error.message.encode()).hexdigest()[:22],
    }
    if error.subcode:
        said["error_subcode"] = error.subcode
    if error.code in (1, 2, 4, 17, 32):
        said["is_transient"] = True
    made = jsonify(error=said)
    made.status_code = error.status
    return made


def missing() -> GraphError:
    """Return the error for what is not there, or what nobody may see."""
    words = "Unsupported get request. Object does not exist, cannot be loaded due to missing permissions"
    return GraphError(100, words, 33)


def version(given: str) -> int:
    """Return the version that serves a call: a dead one is served by the oldest that lives.

    Raises: GraphError.
    """
    found = _VERSION.fullmatch(given)
    if not found:
        raise GraphError(2500, "Unknown path components")
    return min(max(int(found[1]), OLDEST), NEWEST)


# Tokens -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """Who calls: `kind` is app, short, long or page; `pages` those that it opens."""

    kind: str
    pages: Sequence[str] = ()
    scopes: frozenset[str] = frozenset()


def app_id() -> str:
    """Return the app's id."""
    return here().config.keys["FACEBOOK_APP_ID"]


def app_secret() -> str:
    """Return the app's secret."""
    return here().config.keys["FACEBOOK_APP_SECRET"]


def token() -> Token:
    """Return the caller's token, from the header or the parameter, with its proof checked.

    Raises: GraphError.
    """
    header = request.headers.get("Authorization", "")
    given = header.partition(" ")[2] if header.startswith(("Bearer ", "OAuth ")) else ""
    given = given or request.values.get("access_token", "")
    if not given:
        raise GraphError(190, "An access token is required to request this resource.", status=401)
    _prove(given)
    if hmac.compare_digest(given.encode(), f"{app_id()}|{app_secret()}".encode()):
        return Token("app")
    found = here().store.row("SELECT * FROM facebook_tokens WHERE token = ?", given)
    if found is None:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)
    if found["subcode"]:
        raise GraphError(190, "Error validating access token: it is no longer valid.", found["subcode"], 401)
    if found["expires_at"] and found["expires_at"] <= here().store.now():
        raise GraphError(190, "Error validating access token: Session has expired.", 463, 401)
    return Token(found["kind"], found["pages"].split(","), frozenset(found["scopes"].split(",")))


def _prove(given: str) -> None:
    proof = request.values.get("appsecret_proof")
    if proof is None:
        if flag("require_proof", "on") == "on":
            raise GraphError(100, "API calls from the server require an appsecret_proof argument")
        return
    right = hmac.new(app_secret().encode(), given.encode(), sha256).hexdigest()
    if not hmac.compare_digest(proof.encode(), right.encode()):
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument")


def page_token(page_id: str, *scopes: str) -> Token:
    """Return the caller's token, which must be this Page's and have been given these permissions.

    Raises: GraphError.
    """
    who = token()
    if who.kind != "page" or page_id not in who.pages:
        raise missing()
    for scope in scopes:
        if scope not in who.scopes:
            raise GraphError(200, f"Requires {scope} permission to manage the object", status=403)
    count_call(page_id)
    return who


def flag(name: str, usual: str = "") -> str:
    """Return a switch of the control API."""
    value = here().store.value("SELECT value FROM facebook_flags WHERE name = ?", name)
    return usual if value is None else str(value)


# Usage ------------------------------------------------------------------------------------------------------------


def count_call(page_id: str) -> None:
    """Count a call of a Page; the answer carries how much is used up.

    Raises: GraphError where that is everything.
    """
    sandbox = here()
    sql = """SELECT COUNT(DISTINCT author) AS n FROM simple_items
             WHERE place = (SELECT place FROM facebook_pages WHERE page_id = ?)"""
    limit = CALLS_A_DAY * max(int(sandbox.store.value(sql, page_id) or 0), 1)
    now = sandbox.store.now()
    verdict = sandbox.limits.hit(page_id, "pages", limit, DAY, now, sandbox.settings.rate_limits)
    used = 100 * (limit - verdict.remaining) // limit
    minutes = 0 if verdict.allowed else max((verdict.reset - now // 1000) // 60, 1)
    g.usage = (page_id, used, minutes)
    if not verdict.allowed:
        raise GraphError(80001, "There have been too many calls to this Page account.")


def show_usage(response: Response) -> Response:
    """Put the header of the Page's usage onto an answer."""
    page_id, used, minutes = g.get("usage", ("", 0, 0))
    if page_id:
        usage = (
            f'{{"{page_id}":[{{"type":"pages","call_count":{used},"total_cputime":1,"total_time":1,'
            f'"estimated_time_to_regain_access":{minutes}}}]}}'
        )
        response.headers["X-Business-Use-Case-Usage"] = usage
    return response


def page_of(store: Store, page_id: str) -> Row | None:
    """Find a Page by its id."""
    return store.row("SELECT * FROM facebook_pages WHERE page_id = ?", page_id)


def key_of(place: str) -> str:
    """Return how a Page's name stands in its address: small, with dots in place of spaces."""
    return ".".join(place.strip().lstrip("@").lower().split())


def page_id_of(place: str) -> str:
    """Return the id of the Page that is known by a name."""
    key = key_of(place)
    return str(10**14 + int(sha256(key.encode()).hexdigest()[:11], 16) % (8 * 10**14))


def instagram_id_of(place: str) -> str:
    """Return the id of the Instagram account that is linked to the Page of this name; it has the same name."""
    return "17841" + page_id_of(place)[-12:]


def pages_at(store: Store, place: str) -> Row:
    """Return the Page that is known by a name, which exists from now on."""
    key = key_of(place)
    sql = "INSERT OR IGNORE INTO facebook_pages VALUES (?, ?, ?, ?)"
    store.run(sql, page_id_of(place), key, place.strip().lstrip("@"), store.now() - 3_600_000)
    return store.sure("SELECT * FROM facebook_pages WHERE place = ?", key)
