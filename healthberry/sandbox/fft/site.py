"""What the survey is to control, pages, faults and life."""

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem

from . import export


class Survey(SimpleSite):
    """A survey of each organisation; anonymous, and nobody is answered."""

    kind = "fft"
    label = "Friends and Family Test"
    blueprints = (export.blueprint,)
    invitation = "Answer the Friends and Family Test"
    question = "Please tell us why you gave your answer"
    rows = 5
    takes_rating = True
    newest_heading = "Newest answers to the Friends and Family Test"
    answers_on_site = False

    def item_id(self, serial: int, item: NewItem) -> str:
        return str(40_000 + serial)
