"""An answer by e-mail, once: what is in the folder for sent e-mail says how far an earlier attempt came.

| the folder for sent e-mail holds it | means | so |
|---|---|---|
| yes | it went out | nothing is sent again |
| yes, marked as a draft | it was being handed over when something broke | a person decides |
| no | it was never handed over | it can be sent |

Where the server files no copies itself, the copy is put there first, as a draft, and loses that mark once the
server for sending has taken the e-mail. Source: RFC 3501 (\\\\Draft); that Microsoft and Google file what is sent
through them is documented by both.
"""

import contextlib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Final, Literal

from healthberry.connectors import smtp
from healthberry.connectors.email_box import Box
from healthberry.connectors.email_parts import ids, parse
from healthberry.connectors.errors import ConnectorError, NotAuthorised, RateLimited, Rejected, Temporary
from healthberry.connectors.mail_servers import MailHost, SignIn

State = Literal["sent", "begun", "none"]

_DRAFT: Final = b"\\Draft"
_SEEN: Final = b"\\Seen"
_AGAIN_SECONDS: Final = 60.0


def look(box: Box, folder: str, message_id: str) -> tuple[State, int]:
    """Return how far an e-mail came, and the UID of its copy (0 for none)."""
    box.select(folder)
    known = [one.uid for one in box.fetch(box.named(message_id)[:20], head=True) if message_id in _ids(one.raw)]
    if not known:
        return "none", 0
    drafts = [uid for uid in known if _DRAFT in box.flags(uid)]
    return ("begun", drafts[0]) if len(drafts) == len(known) else ("sent", next(u for u in known if u not in drafts))


def send(
    box: Box,
    folder: str,
    message: EmailMessage,
    sender: str,
    recipient: str,
    server: MailHost,
    sign_in: SignIn,
    wait: float | None,
) -> None:
    """Hand over an e-mail between two marks in the folder for sent e-mail. Raises: as smtp.py says."""
    message_id = str(message["Message-ID"]).strip("<> ")
    with nothing_sent():
        state, uid = look(box, folder, message_id)
        if state == "none":
            box.append(folder, message.as_bytes(), [_SEEN, _DRAFT])
            _, uid = look(box, folder, message_id)
        box.select(folder, write=True)
    try:
        smtp.hand_over(message, sender, recipient, server, sign_in, timeout=wait)
    except (RateLimited, Rejected, NotAuthorised):
        with contextlib.suppress(ConnectorError):
            box.delete([uid])
        raise
    # Taken: whatever happens to the copy now, the e-mail is out.
    with contextlib.suppress(ConnectorError):
        box.unflag([uid], _DRAFT)


@contextlib.contextmanager
def nothing_sent() -> Iterator[None]:
    """Say of whatever fails for the moment that nothing went out, so that it is tried again without a look."""
    try:
        yield
    except RateLimited:
        raise
    except Temporary as error:
        raise RateLimited(error.reason, error.retry_after or _AGAIN_SECONDS) from error


def _ids(raw: bytes) -> list[str]:
    return ids(parse(raw), "Message-ID")
