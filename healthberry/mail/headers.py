"""Header lines that hold whatever people and providers put into them: one line each, and never folded apart."""

from email.errors import MessageError
from email.headerregistry import Address
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import Any, Final

# What no mail may hold: control characters, halves of characters, and overrides of the writing direction, which would
# turn what follows them in a list of mails.
_CLEAN: Final[dict[int, str | None]] = {
    **dict.fromkeys((*range(10), *range(11, 32), *range(127, 160)), " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}
_UNFOLDED: Final = frozenset(
    {"message-id", "references", "in-reply-to", "list-id", "list-unsubscribe", "list-unsubscribe-post"}
)


class BadAddress(ValueError):
    """This can't stand in a header as an e-mail address."""


class _Policy(EmailPolicy):
    """Python's SMTP policy, except that addresses and ids stay whole.

    Python 3.11 writes a word longer than its line as an encoded word, which turns a link into something that no mail
    program follows. Ours are ASCII and far below the 998 bytes that a line may have.
    """

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in _UNFOLDED:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in _UNFOLDED:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


POLICY: Final = _Policy(linesep="\r\n")


def one_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, without control characters; cut with an ellipsis."""
    words = " ".join(clean(text[: limit * 4]).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def clean(text: str) -> str:
    """Return `text` without control characters (but new lines), halves of characters and overrides of direction."""
    return text.replace("\r\n", "\n").translate(_CLEAN)


def mailbox(address: str, name: str = "") -> Address:
    """Return a mailbox with a display name. Raises: BadAddress."""
    if not address.isascii() or not address.isprintable() or " " in address or "@" not in address:
        raise BadAddress
    try:
        return Address(display_name=one_line(name, 100), addr_spec=address)
    except (MessageError, ValueError, IndexError, AttributeError) as error:  # the parser trips over some of them
        raise BadAddress from error


def sender(setting: str) -> Address:
    """Return the sender that the settings name, such as `HealthBerry <feedback@example.org>`."""
    name, address = parseaddr(setting)
    return mailbox(address, name)
