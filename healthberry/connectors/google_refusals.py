"""What Google's statuses and words of refusal mean.

| status | body says | ours |
|---|---|---|
| 400 | INVALID_ARGUMENT, FAILED_PRECONDITION | Rejected |
| 401 | UNAUTHENTICATED | NotAuthorised: the token is renewed once, then somebody signs in again |
| 403 | PERMISSION_DENIED | NotAuthorised: no owner or manager of the profile any more |
| 403 | SERVICE_DISABLED, accessNotConfigured | NotAuthorised: the operator has to switch the API on |
| 403 | rateLimitExceeded, quotaExceeded | RateLimited |
| 404 | NOT_FOUND | Gone (also: deleted) |
| 429 | RESOURCE_EXHAUSTED | RateLimited; NotAuthorised where the quota is 0: Google has not approved the project yet |
| 5xx, timeout | | Unavailable: an answer may have been taken all the same |

Source: Business Profile "Usage limits" for 429 and the quota of 0; bodies in Google's usual shape, from memory, so the
words are looked for wherever they may stand (`status`, `message`, `details[].reason`, `errors[].reason`).
"""

from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors.errors import ConnectorError, Gone, NotAuthorised, RateLimited, Rejected, Temporary
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.reading import mapping, sequence
from healthberry.connectors.text import line

REFUSALS: Final[Refusals] = {
    400: (Rejected, "Google does not accept this."),
    401: (NotAuthorised, "Google refused our token. Sign in with Google again."),
    403: (NotAuthorised, "Google says that whoever signed in may not do this."),
    404: (Gone, "This is no longer on Google."),
    409: (Rejected, "Google does not accept this just now."),
}
_SWITCHED_OFF: Final = ("service_disabled", "accessnotconfigured", "has not been used in project")
_TOO_MUCH: Final = ("ratelimitexceeded", "userratelimitexceeded", "quotaexceeded", "rate_limit_exceeded")
_NOT_APPROVED: Final = NotAuthorised(
    "Google has not approved this installation for its Business Profile API yet: its quota is 0."
)


def told(answer: Answer) -> Mapping[str, Any]:
    """Return the `error` object of an answer, {} where it has none."""
    try:
        return mapping(mapping(answer.json()).get("error"))
    except Temporary:
        return {}


def reasons(error: Mapping[str, Any]) -> str:
    """Return all that an error says about why, in small letters."""
    parts = [*map(mapping, sequence(error.get("details"))), *map(mapping, sequence(error.get("errors")))]
    words = [error.get("status"), error.get("message"), *(one.get("reason") for one in parts)]
    return " ".join(line(one, 500) for one in words if one).casefold()


def refusal(answer: Answer, usual: ConnectorError, place: str = "Google") -> ConnectorError:
    """Return what a status outside 2xx means; `usual` is what the status alone says."""
    error = told(answer)
    why = reasons(error)
    if answer.status in (403, 429) and _no_quota(error):
        return NotAuthorised(_NOT_APPROVED.reason)
    if answer.status == 403 and any(word in why for word in _SWITCHED_OFF):
        return NotAuthorised(f"The API of {place} is not switched on for this installation.")
    if answer.status == 403 and any(word in why for word in _TOO_MUCH):
        return RateLimited(f"{place} asks us to slow down.")
    message = line(error.get("message"), 300)
    if isinstance(usual, Rejected) and message:
        return Rejected(f"{place} does not accept this: {message}")
    return usual


def _no_quota(error: Mapping[str, Any]) -> bool:
    """Say whether the quota is 0: where the details carry the limit, or the sentence names it (from memory)."""
    limits = [
        mapping(one.get("metadata")).get("quota_limit_value") for one in map(mapping, sequence(error.get("details")))
    ]
    return "0" in [line(limit, 20) for limit in limits if limit is not None]
