"""The call centre as a site: whatever is told here is handed over in the same moment, once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from healthberry.sandbox import places
from healthberry.sandbox.invent import Inventor
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling, Unusable

from . import desk, handing
from .fields import filled
from .handing import Outcome, Picture

_NEVER_AGAIN = "What was handed over stays as it is: Care Connect has no way to change a problem, or to take it back."


class CallCentre(SimpleSite):
    """A call centre, which knows organisations by their ODS codes."""

    kind = "careconnect"
    label = "Call centre that hands problems over to Care Connect"
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (desk.blueprint, desk.control)
    invitation = "Hand a problem over as the call centre"
    newest_heading = "Newest problems at the call centre"
    answers_on_site = False  # whoever rang gets an e-mail

    def page(self, place: str) -> str:
        return f"/careconnect/{places.quoted(self.place_key(place))}"

    def item_id(self, serial: int, item: NewItem) -> str:
        return f"call-{serial}"

    def handed_over(
        self, sandbox: Sandbox, place: str, problem: Mapping[str, str], pictures: tuple[Picture, ...] = ()
    ) -> tuple[str, Outcome]:
        """Note a call, hand it over, and return its id and what was answered. Each time is another problem."""
        store, now = sandbox.store, sandbox.store.now()
        author, text = problem.get("reporter_name") or "Anonymous", problem.get("description", "")
        item = NewItem(place, author, text, now, now, more={"problem": dict(problem)})
        (item_id,) = self.add(store, [item])
        outcome = handing.hand_over(handing.link_of(store, place), problem, pictures)
        handing.note(store, place, item_id, outcome)
        return item_id, outcome

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        place = self.checked(telling.place)
        return self.handed_over(sandbox, place, filled(telling.more, place, telling.text, telling.author))[0]

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        raise Unusable(_NEVER_AGAIN)

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        raise Unusable(_NEVER_AGAIN)

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        key = self.checked(place)
        return [self.handed_over(sandbox, key, filled({}, key, text, ""))[0] for text in texts]

    def live(self, inventor: Inventor, key: str) -> str:
        item, _ = self.invented(inventor, key, inventor.sandbox.store.now())
        return self.handed_over(inventor.sandbox, key, filled({}, key, item.text, item.author))[0]
