"""What can go wrong outside.

ConnectorError
├── Temporary(retry_after)      try again later; nothing is wrong with us
│   ├── RateLimited
│   └── Unavailable             may have happened all the same: a write is *unknown*, never failed
├── Permanent(reason)           trying again won't help; `reason` is a sentence for people
│   ├── NotAuthorised           key or token refused: somebody must connect again
│   │   └── SignInOver          the provider says that what it once allowed is at an end
│   ├── Rejected                the provider will not take this reply
│   ├── Gone                    what we asked for is no longer there
│   └── UnexpectedAnswer        not in the shape that the provider documents
│       └── TooMuch             larger than we take: ask for fewer
├── NotLinked(reason, field)    what was filled in does not lead to a channel; `field` is the one to mend
├── NotImported(reason)         an uploaded file that can't be taken; `reason` is a sentence for people
└── BadSignature                a webhook that the provider did not sign
"""


class ConnectorError(Exception):
    """Anything that a connector raises on purpose."""


class Temporary(ConnectorError):
    """A failure that passes; `retry_after` is in seconds, None where the provider does not say."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RateLimited(Temporary):
    """The provider asked us to slow down."""


class Unavailable(Temporary):
    """No answer, or a 5xx: the request may or may not have been carried out."""


class Permanent(ConnectorError):
    """A failure that stays; `reason` is shown to people as it is."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAuthorised(Permanent):
    """The key or token was refused."""


class SignInOver(NotAuthorised):
    """The provider says that what somebody once allowed is at an end: nothing but this makes a token worthless."""


class Rejected(Permanent):
    """The provider refused this reply."""


class Gone(Permanent):
    """The item is not there any more."""


class UnexpectedAnswer(Permanent):
    """The answer is not in the documented shape."""


class TooMuch(UnexpectedAnswer):
    """The answer is larger than we take at once: fewer items may pass."""


class NotLinked(ConnectorError):
    """What the form for linking gave does not lead to a channel; `field` names the one to mend, "" for all of it."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class NotImported(ConnectorError):
    """An uploaded file that can't be taken as it is; `reason` is shown to people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadSignature(ConnectorError):
    """The webhook's signature does not match its bytes."""
