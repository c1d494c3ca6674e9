"""What people have asked about that is not answered yet: while it lasts, none of it stands on the public page.

By itself, and at once. Nobody has looked yet whether it is theirs: until then the page does without.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from healthberry.core import data_matches, public_addresses
from healthberry.core.public_words import is_name, plain_name
from healthberry.extensions import db
from healthberry.models.public import PublicPage
from healthberry.models.rights import DataRequest

_KINDS: Final = ("erase", "object", "complain")
_MOST: Final = 500


@dataclass(frozen=True)
class Asked:
    """What open requests are about: conversations, links, names. `all_of_it`: there are too many to tell."""

    ids: Collection[UUID]
    links: Collection[str]
    names: Collection[str]
    all_of_it: bool = False

    def is_about(self, conversation_id: UUID, links: Collection[str | None], names: Collection[str | None]) -> bool:
        """Say whether one of them is about this conversation, these links, or somebody of these names."""
        return (
            self.all_of_it
            or conversation_id in self.ids
            or any(data_matches.plain_link(one) in self.links for one in links if one)
            or any(plain_name(one) in self.names for one in names if one)
        )


def waiting(page: PublicPage) -> Asked:
    """Return what is asked for and not answered, of all that would take words away or complains about them."""
    mine = (DataRequest.organisation_id == page.organisation_id, DataRequest.closed_at.is_(None))
    columns = (DataRequest.about, DataRequest.words)
    found = select(*columns).where(*mine, DataRequest.kind.in_(_KINDS)).limit(_MOST + 1)
    rows = db.session.execute(found).all()
    ids: set[UUID] = set()
    links: set[str] = set()
    names: set[str] = set()
    for about, words in rows:
        given = f"{about} {words}"
        ids |= set(public_addresses.named_in(page, given))
        found_links = data_matches.links_in(given)
        links |= found_links
        if not data_matches.links_in(about) and is_name(about):
            names.add(plain_name(about))
    return Asked(ids, links, names, len(rows) > _MOST)
