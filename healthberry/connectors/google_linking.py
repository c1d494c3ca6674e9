"""Which accounts and locations of Google are linked: those that have a verified location among the wanted ones."""

from collections.abc import Sequence
from typing import Any

from healthberry.connectors import google_items as items
from healthberry.connectors.base import Access, Linkable, Linkables, Listing
from healthberry.connectors.google_api import Api, account_of
from healthberry.connectors.reading import sequence
from healthberry.connectors.text import line


def link(kind: str, api: Api, access: Access) -> Linkables:
    """Return each account with a verified location that is wanted. Raises: NotAuthorised, Temporary."""
    found, problems = [], []
    for account, name in api.accounts(access).items():
        config = {"account": account, "name": name, "locations": list(lines(access.config.get("locations")))}
        at = Access(config, access.secrets, access.expires_at)
        there = known(api, at)
        ready = [one for one in there if one.verified]
        problems += [
            f"{one.title or one.id} is not verified on Google, or suspended." for one in there if one not in ready
        ]
        if ready:
            found.append(Linkable(_listing(kind, at, ready), access.secrets, access.expires_at, name))
        elif not there:
            problems.append(f"{name} has no location that you asked for.")
    return Linkables(found, problems)


def known(api: Api, access: Access) -> list[items.Location]:
    """Return the locations that are wanted, verified or not. Raises: NotAuthorised, Temporary."""
    return list(items.wanted(api.locations(access), lines(access.config.get("locations"))))


def lines(value: Any) -> list[str]:
    """Return the lines of a text or the texts of a list, without empty ones."""
    given = value.splitlines() if isinstance(value, str) else sequence(value)
    return [text for text in (line(one, 300) for one in given) if text]


def _listing(kind: str, access: Access, locations: Sequence[items.Location]) -> Listing:
    count = len(locations)
    return Listing(
        kind=kind,
        remote_id=account_of(access),
        label=f"Google reviews of {access.config['name']}",
        url=next((one.url for one in locations if one.url), None) or "https://business.google.com/",
        config=access.config,
        amount="1 location" if count == 1 else f"{count} locations",
    )
