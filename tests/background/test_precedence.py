"""Pages come first where processors are short; what has waited long stands beside them."""

import os
import subprocess
import sys

import pytest

_STORY = """
import os
from healthberry.jobs import precedence
def told(): print(os.sched_getscheduler(0) == os.SCHED_IDLE)
precedence.suit(0.1); told()  # the processes of a sender, and all where it is switched off
precedence.let_pages_come_first(); told()  # the worker itself stands where it stood
precedence.suit(0.1); told()
precedence.suit(60); told()
precedence.suit(0.1); told()
precedence.call_forward(os.getpid()); told()
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system knows no such standing")
def test_work_stands_behind_pages_until_it_has_waited_too_long() -> None:
    story = subprocess.run([sys.executable, "-c", _STORY], capture_output=True, text=True, check=True, timeout=60)
    assert story.stdout.split() == ["False", "False", "True", "False", "True", "False"]
