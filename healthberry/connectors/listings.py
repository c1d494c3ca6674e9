"""What can be linked as a channel: what is looked for, what was found, and what a sign-in or a form opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class ProviderFacts:
    """What the register knows of the organisation that a channel is looked for."""

    ods_code: str
    name: str
    kind: str
    web_domain: str | None
    nation: str
    site_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A page, handle or listing that can be linked as a channel.

    `config` is all that the connector needs to read it later (no secrets). `found_at` says how it was found, for
    people: "Found by ODS code RYJ", "Linked from www.imperial.nhs.uk". `needs` names what is missing before it can be
    read ("" when nothing is). `amount` says how much a first look found, for people: "12 reviews", "more than 100
    reviews" ("" where a first look cannot tell).
    """

    kind: str
    remote_id: str
    label: str
    url: str
    config: Mapping[str, Any]
    found_at: str = ""
    needs: str = ""
    amount: str = ""


@dataclass(frozen=True)
class Discovery:
    """What can be linked for an organisation, and in sentences for people what could not be found and why.

    A listing may stand beside a problem: one that is certain by its code is listed even while its site is down.
    `again` says that something failed for the moment only, so that another look, later, may find more.
    """

    listings: Sequence[Listing] = ()
    problems: Sequence[str] = ()
    again: bool = False


@dataclass(frozen=True)
class Linkable:
    """A listing that can be linked now, with the secrets that belong to it alone (a Page's own token).

    The channel keeps its own `secrets`, good until `expires_at`; where it has none, those of the form and the sign-in,
    as every other channel of theirs does. Its settings are the listing's, above what the form gave by the same names.
    `account` is whom replies are published as, "" where there is nobody yet.

    `reveal` are pairs of label and value that people need elsewhere and are shown once, after linking (a secret that
    we made); "{hook}" in a value stands for the address of the channel's own hook.
    """

    listing: Listing
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    account: str = ""
    reveal: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Linkables:
    """What a sign-in or a filled-in form opens; `problems` are sentences on what it does not, and why."""

    found: Sequence[Linkable] = ()
    problems: Sequence[str] = ()
