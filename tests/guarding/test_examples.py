"""How well the rules find what should not be public, measured over several hundred labelled replies."""

import logging
import time
from collections import Counter

import pytest

from healthberry.core.guarding import KINDS, look
from tests.guarding.labelled import OWN, examples, score

log = logging.getLogger(__name__)


@pytest.mark.parametrize("held_out", [False, True], ids=["looked at", "held out"])
def test_nearly_all_is_found_and_harmless_replies_are_let_through(held_out: bool) -> None:
    result = score([one for one in examples() if one.held_out is held_out])
    log.warning("%s", result)
    assert result.recall >= 0.98, str(result)
    assert result.false_alarms <= 0.05, str(result)
    assert len(result.wrong) <= 0.05 * (result.expected + result.harmless), str(result)


def test_there_are_enough_examples_and_half_of_them_are_harmless() -> None:
    every = examples()
    harmless = sum(not one.expected for one in every)
    kinds = Counter(label.kind for one in every for label in one.expected)
    assert len(every) >= 300
    assert 0.45 <= harmless / len(every) <= 0.6
    assert len({one.text for one in every}) == len(every)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 15, kinds


def test_two_thousand_signs_are_looked_through_in_a_few_milliseconds() -> None:
    text = " ".join(one.text for one in examples())[:2000]
    times = []
    for _ in range(5):
        began = time.thread_time()
        look(text, OWN)
        times.append(time.thread_time() - began)
    log.warning("2,000 signs: %.1f ms", 1000 * min(times))
    assert min(times) < 0.05


@pytest.mark.parametrize(
    "piece",
    ["Dr ", "your ", "(0", "1 ", "a@", "\n", "12 and ", "you came a ", "your a-", "x dot ", "A-", "hospital no "],
)
def test_no_text_takes_long_however_it_was_made(piece: str) -> None:
    began = time.thread_time()
    look((piece * 50_000)[:50_000], OWN)
    assert time.thread_time() - began < 10
