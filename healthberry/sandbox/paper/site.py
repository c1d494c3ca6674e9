"""The box for cards in a waiting room: nothing asks it, staff open it and read."""

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem


class Cards(SimpleSite):
    """A box of cards for each organisation; its page shows what is in it."""

    kind = "paper"
    label = "Comment cards"
    invitation = "Write a card in the waiting room"
    question = "What do you want to tell us?"
    rows = 5
    takes_rating = True
    newest_heading = "Newest cards in the box"
    answers_on_site = False

    def item_id(self, serial: int, item: NewItem) -> str:
        return f"card-{serial}"
