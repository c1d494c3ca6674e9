"""What providers send to us by themselves: one request, what to answer, and the pieces to keep for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WebhookRequest:
    """One delivery, untouched: verify `body` before reading it. Header names are in small letters.

    `url` is the address that was called, as the outside world knows it.
    """

    method: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = ""


@dataclass(frozen=True)
class Delivery:
    """One verified piece of a request, for one channel.

    `account` is the channel's `remote_id` at the provider; "" where the address or the sign-in named the channel.
    `body` is kept raw until it is read. `key` is the same when the same piece is sent again; "" where the provider
    gives none: then it is the hash of the body.
    """

    body: str = field(repr=False)
    account: str = ""
    key: str = ""


@dataclass(frozen=True)
class WebhookAnswer:
    """What to answer the provider, and what to keep before answering: nothing is kept unless it was verified."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    deliveries: Sequence[Delivery] = ()
