"""What became of an item since: taken down, or edited under the same id."""

from tests.connectors.cases import Case
from tests.connectors.contract import RECHECKED, case

__all__ = ["case"]


@RECHECKED
def test_what_is_taken_down_is_withdrawn(case: Case) -> None:
    kept, gone = case.post("I stay."), case.post("I go.")
    case.sandbox.withdraw(case.kind, gone)
    changes = {item.remote_id: item.change for item in case.connector.recheck(case.access, [kept, gone])}
    assert changes[gone] == "withdrawn"
    assert changes.get(kept) != "withdrawn"


@RECHECKED
def test_an_edit_comes_under_the_same_id_with_the_new_words(case: Case) -> None:
    remote_id = case.post("Befor.")
    case.sandbox.edit(case.kind, remote_id, case.words("After."))
    looked_at = case.connector.recheck(case.access, [remote_id])
    (now,) = [one for one in looked_at if one.direction == "inbound"]  # that it has no answer may come along
    assert (now.remote_id, now.change) == (remote_id, "edited")
    assert now.text.endswith("After.")
