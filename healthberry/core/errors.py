"""What core refuses; each says why in words that can be shown to people."""


class CoreError(Exception):
    """Anything that a rule refuses; `reason` is a sentence for people."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class NotFound(CoreError):
    """It is not there, or you may not see it: nobody can tell which."""


class NotAllowed(CoreError):
    """You see it, but may not do this yet; `reason` says what would let you."""


class Invalid(CoreError):
    """What was given can't be used; `field` names the input that it belongs to ("" for the whole form)."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


class Conflict(CoreError):
    """It has moved on since you looked."""
