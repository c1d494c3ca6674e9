"""What X's statuses and words of refusal mean.

| status | body says | ours |
|---|---|---|
| 400 | Invalid Request | Rejected |
| 401 | Unauthorized; code 89 | NotAuthorised |
| 402 | credits used up (from memory) | NotAuthorised |
| 403 | duplicate content | the reply that is there, else Rejected |
| 403 | reply not allowed, not mentioned | Rejected |
| 403 | deleted or not visible | Gone |
| 403 | unsupported-authentication, client-forbidden, scope | NotAuthorised |
| 404 | resource-not-found | Gone |
| 429 | Too Many Requests, code 88, usage-capped | RateLimited until x-rate-limit-reset |
| 5xx, timeout | | Unavailable: a post may exist all the same |

Source: X API v2 documents as of 2026; the wording of refusals is from answers that others have published.
"""

from typing import Final

from healthberry.connectors.errors import ConnectorError, Gone, NotAuthorised, Rejected, Temporary
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.reading import mapping, sequence
from healthberry.connectors.text import line
from healthberry.connectors.x_posts import NOT_MENTIONED

REFUSALS: Final[Refusals] = {
    400: (Rejected, "X does not accept this."),
    401: (NotAuthorised, "X refused our token. Sign in with X again."),
    402: (NotAuthorised, "The X credits of this installation are used up."),
    403: (Rejected, "X does not allow this."),
    404: (Gone, "This is no longer on X."),
}


def detail_of(answer: Answer) -> str:
    """Return all that an answer says about why, in one line; "" where it says nothing."""
    try:
        body = mapping(answer.json())
    except Temporary:
        return ""
    errors = [mapping(one) for one in sequence(body.get("errors"))]
    said = [body.get("detail"), body.get("title"), body.get("type"), *(one.get("message") for one in errors)]
    return " ".join(line(one, 300) for one in said if one)


def forbidden(detail: str, error: ConnectorError) -> ConnectorError:
    """Return what a 400 or 403 with this `detail` means; `error` where it says nothing."""
    small = detail.casefold()
    if "deleted" in small or "not visible" in small:
        return Gone("The post that you answer has been deleted on X or is hidden from this account.")
    if "mentioned" in small or "reply to this conversation" in small:
        return Rejected(NOT_MENTIONED)
    if any(word in small for word in ("unsupported-authentication", "client-forbidden", "scope", "not-enrolled")):
        return NotAuthorised("X does not let this sign-in publish. Sign in with X again and allow posting.")
    return Rejected(f"X does not accept this answer: {detail}") if detail else error
