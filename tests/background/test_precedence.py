"""Pages come first where processors are short; what has waited long stands beside them."""

import os
import subprocess
import sys

import pytest

_STORY = """
import os
from healthberry.jobs import precedence
def told(): print(os.sched_getscheduler(0) == os.SCHED_IDLE)
precedence.suit(60); told()  # the process of a page, or of a sender, never stands behind
precedence.stand_behind(); told()
precedence.suit(0.1); told()
precedence.suit(60); told()
precedence.suit(0.1); told()
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system knows no such standing")
def test_work_stands_behind_pages_until_it_has_waited_too_long() -> None:
    story = subprocess.run([sys.executable, "-c", _STORY], capture_output=True, text=True, check=True, timeout=60)
    assert story.stdout.split() == ["False", "True", "True", "False", "True"]
