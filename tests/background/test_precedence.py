"""Pages come first where processors are short; what has waited long stands beside them."""

import os
import subprocess
import sys

import pytest

_STORY = """
import os
from healthberry.jobs import precedence
def told(): print(os.sched_getscheduler(0) == os.SCHED_IDLE)
precedence.suit(0.1); told()  # where it is switched off
precedence.let_pages_come_first(); told()  # the worker itself stands where it stood
precedence.suit(0.1); told()
precedence.suit(60); told()
precedence.suit(0.1); told()
precedence.call_forward(os.getpid()); told()
precedence.work_for("alerts"); precedence.suit(1); told(); precedence.suit(3); told()
precedence.work_for("replies"); precedence.suit(0); told()  # whoever answers watches it go out
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system knows no such standing")
def test_work_stands_behind_pages_until_it_has_waited_too_long() -> None:
    story = subprocess.run([sys.executable, "-c", _STORY], capture_output=True, text=True, check=True, timeout=60)
    alerts, replies = ("True", "False"), ("False",)
    assert story.stdout.split() == ["False", "False", "True", "False", "True", "False", *alerts, *replies]
