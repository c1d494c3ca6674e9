"""What the codes of Meta's Graph API mean, for Facebook and Instagram alike; the status hardly tells anything.

| code | means | ours |
|---|---|---|
| 1, 2 | unknown, or down for the moment | Unavailable: a write may have happened |
| 3 | the app lacks the capability | NotAuthorised |
| 4, 17, 32, 341, 613, 80000-80999 | too many calls by app, user, Page, edge or use case | RateLimited |
| 10, 200-299 | a permission is missing or was taken back | NotAuthorised |
| 10 with subcode 2018278 or 2534022 | the time for an answer to a message is over | Rejected |
| 12 | this part of the API was switched off | SwitchedOff, which says nothing of what it served |
| 100 with subcode 33 | the object is gone, or nobody may see it | Gone |
| 100 | a parameter is wrong | Rejected |
| 102, 190 | the token is dead; the subcode says why | SignInOver |
| 190 with subcode 459 or 464 | it rests until the person has seen to their account | NotAuthorised |
| 368 | the Page is blocked for now | Rejected |
| 551, 10903, 10904, 1609005 | this answer is not taken | Rejected |
| 506, 10900 | the same, because there is one already | AlreadyThere: perhaps it is ours |

Source: developers.facebook.com, "Error handling" and "Page/messages" (2026). Subcodes 33, 463, 464 and 467, code 32
and the 80000s are from memory; the subcodes of the window are from what others have published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Rejected,
    SignInOver,
    Temporary,
    Unavailable,
)
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import mapping, number
from healthberry.connectors.text import line

_Kind = type[Temporary] | type[Permanent]


class SwitchedOff(Permanent):
    """This part of the API is no more; what it served may still be there."""


class AlreadyThere(Rejected):
    """Refused because it was answered already: by us, perhaps, in an attempt that seemed to fail."""


_SLOWLY: Final = "{place} asks us to slow down."
_AGAIN: Final = "Somebody has to connect this channel again."
_TOO_LATE: Final = (
    "{place} takes a private answer only within 24 hours of the person's last message. That time is over."
)

CODES: Final[Mapping[int, tuple[_Kind, str]]] = {
    1: (Unavailable, "{place} is not available just now."),
    2: (Unavailable, "{place} is not available just now."),
    3: (NotAuthorised, "Meta has not approved the app of this installation for this. Its operator has to ask for it."),
    4: (RateLimited, _SLOWLY),
    10: (NotAuthorised, f"{{place}} says that a permission is missing or was taken back. {_AGAIN}"),
    12: (SwitchedOff, "{place} no longer serves this."),
    17: (RateLimited, _SLOWLY),
    32: (RateLimited, _SLOWLY),
    100: (Rejected, "{place} does not accept this."),
    102: (SignInOver, f"The sign-in with {{place}} has run out. {_AGAIN}"),
    190: (SignInOver, f"The sign-in with {{place}} has run out or was taken back. {_AGAIN}"),
    341: (RateLimited, _SLOWLY),
    368: (Rejected, "{place} has blocked this account from writing for now. Look there for the reason."),
    506: (AlreadyThere, "{place} has seen these very words lately. Change the wording and try again."),
    551: (Rejected, "This person cannot be reached on {place} at the moment."),
    613: (RateLimited, _SLOWLY),
    10900: (AlreadyThere, "{place} takes one private answer only, and this was answered already."),
    10903: (Rejected, "{place} does not let this account answer this person in private."),
    10904: (Rejected, "Messages are switched off for this account on {place}."),
    1609005: (Rejected, "{place} cannot open a link in this text. Mend or remove the link."),
}
SUBCODES: Final[Mapping[tuple[int, int], tuple[_Kind, str]]] = {
    (10, 2018278): (Rejected, _TOO_LATE),
    (10, 2534022): (Rejected, _TOO_LATE),
    (100, 33): (Gone, "This is no longer on {place}, or nobody may see it."),
    (190, 458): (SignInOver, f"HealthBerry was removed from the apps of whoever signed in. {_AGAIN}"),
    (190, 459): (NotAuthorised, "{place} wants whoever signed in to log in there first. Then connect again."),
    (190, 460): (SignInOver, f"The password of whoever signed in was changed. {_AGAIN}"),
    (190, 463): (SignInOver, f"The sign-in with {{place}} has run out. {_AGAIN}"),
    (190, 464): (NotAuthorised, "{place} wants whoever signed in to confirm their account. Then connect again."),
    (190, 467): (SignInOver, f"The sign-in with {{place}} was ended. {_AGAIN}"),
}
_REDUCE: Final = "reduce the amount of data"


@dataclass(frozen=True)
class Said:
    """The error of an answer: `code` and `subcode` are 0, `message` "" where it names none."""

    code: int = 0
    subcode: int = 0
    message: str = ""
    transient: bool = False

    @property
    def asks_for_less(self) -> bool:
        """Say whether fewer items may pass. Source: seen by others in answers of code 1, from memory."""
        return _REDUCE in self.message.casefold()


def said_by(body: Any) -> Said | None:
    """Return the error that a body holds, None where it holds none."""
    if not isinstance(mapping(body).get("error"), Mapping):
        return None
    error = mapping(body["error"])
    code, subcode = number(error.get("code")), number(error.get("error_subcode"))
    return Said(
        int(code or 0), int(subcode or 0), line(error.get("message"), 300), transient=error.get("is_transient") is True
    )


def refusal(said: Said, answer: Answer, usual: ConnectorError, place: str) -> ConnectorError:
    """Return the error that a code means; `usual` is what the status alone would mean."""
    kind, words = _meaning(said)
    if kind is None:
        return usual
    reason = words.format(place=place)
    if said.code == 100 and kind is Rejected and said.message:
        reason = f"{place} does not accept this: {said.message}"
    error = kind(reason)
    if isinstance(error, Temporary) and isinstance(usual, Temporary):
        error.retry_after = usual.retry_after
    return error


def _meaning(said: Said) -> tuple[_Kind | None, str]:
    if known := SUBCODES.get((said.code, said.subcode)) or CODES.get(said.code):
        return known
    if 200 <= said.code <= 299:
        return CODES[10]
    if 80_000 <= said.code <= 80_999:
        return RateLimited, _SLOWLY
    return (Unavailable, CODES[2][1]) if said.transient else (None, "")
