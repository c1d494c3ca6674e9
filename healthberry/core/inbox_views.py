"""What the list is narrowed to: a view, read from the arguments of an address and written as such again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

from healthberry.models.conversations import STATUSES

_LONGEST_SEARCH = 200


@dataclass(frozen=True)
class View:
    """What the list is narrowed to; "" stands for no wish. `q` are search words, `service` an ODS code."""

    status: str = "open"
    channel: str = ""
    assigned: str = ""
    unread: bool = False
    service: str = ""
    q: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "View":
        """Read a view from a URL's arguments; what can't be understood is left out.

        Without a status it is what is open, but a search is for everything that was ever said.
        """
        words = _clean(args.get("q", ""))[:_LONGEST_SEARCH].strip()
        status, assigned = args.get("status", ""), args.get("assigned", "")
        return cls(
            status=status if status in (*STATUSES, "all") else _usual_status(words),
            channel=_clean(args.get("channel", ""))[:40],
            assigned=assigned if assigned in ("me", "nobody") else "",
            unread=args.get("unread", "") in ("1", "true", "on", "yes"),
            service=_clean(args.get("service", ""))[:40],
            q=words,
        )

    def to_args(self) -> dict[str, str]:
        """Return the arguments that make this view again, without those that say nothing."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["unread"] = "1" if self.unread else ""
        usual = ("status", _usual_status(self.q))
        return {name: value for name, value in values.items() if value and (name, value) != usual}

    def key(self) -> str:
        """Return the same text for the same view."""
        return json.dumps(self.to_args(), sort_keys=True)


def _usual_status(words: str) -> str:
    return "all" if words else "open"


def _clean(text: str) -> str:
    return text.replace("\x00", "")
