"""The short form of `make chaos`: whatever runs dies, Valkey is emptied, providers misbehave; nothing is lost."""

import re
import subprocess
import sys

import pytest

from tests.chaos.programs import ROOT

SHORT = (
    "--items 195 --replies 16 --kills 16 --organisations 1 --seconds 25 --pause 1.6 --poll 30 --look 1"
    " --drain 420 --seed 5"
)
_LAST = re.compile(
    r"served (\d+), stored (\d+), lost 0, doubled 0, replies 16, lost 0, doubled 0, kills (\d+), seed 5\Z"
)


@pytest.mark.timeout(600)
def test_whatever_dies_everything_is_stored_once_answered_once_and_told() -> None:
    command = [sys.executable, "-m", "tests.chaos", *SHORT.split()]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=590, check=False)
    found = _LAST.search(ended.stdout.strip())
    assert (ended.returncode, bool(found)) == (0, True), f"{ended.stdout[-4000:]}\n{ended.stderr[-2000:]}"
    assert found is not None
    served, stored, kills = map(int, found.groups())
    assert served == stored >= 195
    assert kills >= 15
