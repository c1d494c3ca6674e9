"""Processes that run together end together, whatever ends them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

StartPython = Callable[..., subprocess.Popen[str]]
TOGETHER = """
import json, os, signal, sys
from pathlib import Path
from healthberry.local import orphans, processes
folder = Path(sys.argv[1])
problem = processes.run(folder / "Procfile", dict(os.environ), json.loads(sys.argv[2]), folder / "log",
                        lambda: print("all started", flush=True))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
orphans.end_all(spared=frozenset())
print("problem:", problem, flush=True)
"""
SLEEPER = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
# As RQ's work horse: a grandchild in a session of its own, which no signal to the group reaches.
WITH_HORSE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    open(sys.argv[1], 'w').write(str(os.getpid()))
    time.sleep(600)
os.wait()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    (tmp_path / "horse.py").write_text(WITH_HORSE)
    for name in ("one", "two"):
        os.mkfifo(tmp_path / name)
    return tmp_path


def procfile(folder: Path, **commands: str) -> None:
    python = f"exec {sys.executable}"
    lines = [f"{name}: {command.format(python=python, folder=folder)}" for name, command in commands.items()]
    (folder / "Procfile").write_text("\n".join(lines) + "\n")


def start(start_python: StartPython, folder: Path, counts: dict[str, int] | None = None) -> subprocess.Popen[str]:
    return start_python(TOGETHER, str(folder), json.dumps(counts or {}))


def pid_from(folder: Path, name: str) -> int:
    # A named pipe: reading waits until the process writes its id.
    return int((folder / name).read_text())


def output(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=30)[0]


def two_sleepers(folder: Path) -> None:
    procfile(folder, one="{python} {folder}/sleeper.py {folder}/one", two="{python} {folder}/sleeper.py {folder}/two")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_them(
    folder: Path, start_python: StartPython, ended: Callable[[int], bool], number: int
) -> None:
    two_sleepers(folder)
    runner = start(start_python, folder)
    pids = [pid_from(folder, name) for name in ("one", "two")]
    runner.send_signal(number)
    assert "problem: None" in output(runner)
    assert all(ended(pid) for pid in pids)


def test_one_that_crashes_ends_the_others_and_is_named_with_its_last_words(
    folder: Path, start_python: StartPython, ended: Callable[[int], bool]
) -> None:
    crash = "cat {folder}/two; echo 'out of berries' >&2; exit 3"
    procfile(folder, one="{python} {folder}/sleeper.py {folder}/one", two=crash)
    runner = start(start_python, folder)
    survivor = pid_from(folder, "one")
    (folder / "two").write_text("now")
    said = output(runner)
    assert "problem: two ended with exit code 3" in said
    assert "out of berries" in said.partition("problem:")[2]
    assert ended(survivor)
    assert "out of berries" in (folder / "log" / "two.log").read_text()


def test_one_that_is_killed_is_noticed_although_its_own_child_goes_on(
    folder: Path, start_python: StartPython, ended: Callable[[int], bool]
) -> None:
    procfile(folder, one="{python} {folder}/horse.py {folder}/one", two="{python} {folder}/sleeper.py {folder}/two")
    runner = start(start_python, folder)
    horse, other = pid_from(folder, "one"), pid_from(folder, "two")
    os.kill(psutil.Process(horse).ppid(), signal.SIGKILL)
    assert "problem: one ended with exit code -9" in output(runner)
    assert ended(horse)
    assert ended(other)


def test_a_grandchild_that_no_signal_to_the_group_reaches_ends_with_the_others(
    folder: Path, start_python: StartPython, ended: Callable[[int], bool]
) -> None:
    procfile(folder, one="{python} {folder}/horse.py {folder}/one", two="{python} {folder}/sleeper.py {folder}/two")
    runner = start(start_python, folder)
    horse, other = pid_from(folder, "one"), pid_from(folder, "two")
    os.kill(other, signal.SIGKILL)
    assert "problem: two ended with exit code -9" in output(runner)
    assert ended(horse)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ties processes on Linux alone")
def test_none_is_left_when_the_runner_itself_is_killed(
    folder: Path, start_python: StartPython, ended: Callable[[int], bool]
) -> None:
    two_sleepers(folder)
    runner = start(start_python, folder)
    pids = [pid_from(folder, name) for name in ("one", "two")]
    runner.kill()
    assert all(ended(pid) for pid in pids)


def test_as_many_of_each_are_started_as_asked_for(folder: Path, start_python: StartPython) -> None:
    procfile(folder, many="echo $0 many; exec sleep 600", none="echo never", last="cat {folder}/one")
    runner = start(start_python, folder, {"many": 3, "none": 0})
    (folder / "one").write_text("")
    output(runner)
    logs = sorted(path.name for path in (folder / "log").iterdir())
    assert logs == ["last.log", "many.1.log", "many.2.log", "many.3.log"]


def test_lines_are_shortened_on_screen_and_whole_in_the_file(folder: Path, start_python: StartPython) -> None:
    procfile(folder, talker=f"echo {'x' * 500}; printf '\\377\\n'")
    said = output(start(start_python, folder))
    assert "x" * 160 in said
    assert "x" * 161 not in said.partition("problem:")[0]
    assert "x" * 500 in (folder / "log" / "talker.log").read_text()
