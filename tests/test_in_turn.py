"""Few at a time, the others in the order in which they came, and nobody for ever."""

import threading

from healthberry.in_turn import InTurn


class Worker:
    """Somebody who waits for a turn, and holds it until told to end."""

    def __init__(self, turns: InTurn, done: list[str], name: str) -> None:
        self.working, self.end = threading.Event(), threading.Event()
        self._turns, self._done, self._name = turns, done, name
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        with self._turns.turn():
            self._done.append(self._name)
            self.working.set()
            assert self.end.wait(10)

    def ends(self) -> None:
        self.end.set()
        self._thread.join(10)


def waits(turns: InTurn, count: int) -> None:
    """Wait until so many wait."""
    for _ in range(10_000):
        if turns.waiting == count:
            return
        threading.Event().wait(0.001)
    raise AssertionError(f"{turns.waiting} wait, not {count}")


def test_they_are_called_in_the_order_in_which_they_came() -> None:
    turns, began = InTurn(1, 10), list[str]()
    first = Worker(turns, began, "first")
    assert first.working.wait(10)
    others = []
    for number, name in enumerate(("second", "third", "fourth"), start=1):
        others.append(Worker(turns, began, name))
        waits(turns, number)

    assert began == ["first"]
    first.ends()
    for one in others:
        assert one.working.wait(10)
        one.ends()

    assert began == ["first", "second", "third", "fourth"]
    assert turns.waiting == 0


def test_as_many_as_may_work_at_once() -> None:
    turns, began = InTurn(2, 10), list[str]()
    pair = [Worker(turns, began, "one"), Worker(turns, began, "two")]
    assert all(one.working.wait(10) for one in pair)
    third = Worker(turns, began, "three")
    waits(turns, 1)

    pair[1].ends()

    assert third.working.wait(10)
    third.ends()
    pair[0].ends()


def test_who_has_waited_long_enough_goes_on_and_takes_nobodys_turn() -> None:
    turns, began = InTurn(1, 0.01), list[str]()
    slow = Worker(turns, began, "slow")
    assert slow.working.wait(10)
    impatient = Worker(turns, began, "impatient")

    assert impatient.working.wait(10), "one that hangs must not hold up everybody"
    impatient.ends()
    with turns.turn():
        assert turns.waiting == 0
    slow.ends()
    with turns.turn():
        pass
    assert turns.waiting == 0


def test_one_that_fails_hands_on_its_turn() -> None:
    turns = InTurn(1, 10)
    for _ in range(3):
        try:
            with turns.turn():
                raise ValueError
        except ValueError:
            continue
    began = list[str]()
    later = Worker(turns, began, "later")
    assert later.working.wait(10)
    later.ends()
