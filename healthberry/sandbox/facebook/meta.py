"""What Facebook and Instagram have in common: organisations are Pages, and what is written there is of some kind."""

import re
from collections.abc import Mapping
from typing import ClassVar

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling, Unusable

from . import graph


class MetaSite(SimpleSite):
    """A site of Meta's: `hows` are the ways in which people write there, `names` what an organisation's name may be."""

    hows: ClassVar[tuple[str, ...]]
    names: ClassVar[re.Pattern[str]]
    knows_by = "handle"
    lists = frozenset({"edge"})
    list_key = "data"
    texts_like = "x"
    threads = True
    needs_author = True

    def place_key(self, place: str) -> str:
        """Return what a place is stored by."""
        return graph.key_of(place)

    def accepts(self, place: str) -> bool:
        """Say whether an organisation can have this name there."""
        return self.names.fullmatch(self.place_key(place)) is not None

    def visit(self, sandbox: Sandbox, place: str) -> None:
        """Make the Page of this name where there is none."""
        graph.pages_at(sandbox.store, place)

    def kept_of(self, telling: Telling) -> Json:
        """Return in which way somebody writes. Raises: Unusable."""
        how = str(telling.more.get("as", "comment"))
        if how not in self.hows:
            raise Unusable(f"“as” must be one of {', '.join(self.hows)}.")
        return {"as": how}

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        """Take down what somebody wrote, or hide it."""
        state = "hidden" if options.get("how") == "hidden" else "withdrawn"
        kept.change_item(sandbox.store, self.kind, found["remote_id"], state=state)
