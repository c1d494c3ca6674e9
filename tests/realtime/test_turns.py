"""Work by turns: nothing is forgotten, nothing is worked on by two at once."""

import threading

from healthberry.realtime.turns import Turns


def test_what_is_asked_for_during_the_work_is_worked_on_once_more() -> None:
    turns: Turns[str] = Turns()
    done: list[str] = []

    def work(thing: str) -> None:
        done.append(thing)
        if len(done) == 1:
            turns.ask(thing)
            turns.ask(thing)
        else:
            turns.close()

    turns.ask("room")
    turns.serve(work)

    assert done == ["room", "room"]


def test_two_workers_never_work_on_the_same_thing_at_once() -> None:
    turns: Turns[str] = Turns()
    busy = threading.Lock()
    overlaps: list[str] = []
    rounds = iter(range(200))

    def work(thing: str) -> None:
        if not busy.acquire(blocking=False):
            overlaps.append(thing)
            return
        if next(rounds, None) is None:
            turns.close()
            turns.close()
        else:
            turns.ask(thing)
        busy.release()

    workers = [threading.Thread(target=turns.serve, args=(work,)) for _ in range(2)]
    turns.ask("room")
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert overlaps == []
    assert not any(worker.is_alive() for worker in workers)
