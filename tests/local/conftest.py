"""What the tests of the private servers share."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Path]:
    """A folder that every user may pass through, unlike pytest's own: a database's data stays inside."""
    folder = Path(tempfile.mkdtemp(prefix="healthberry-open-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_folder(open_to_all: Path) -> Path:
    """A new folder inside of one that every user may pass through."""
    folder = Path(tempfile.mkdtemp(dir=open_to_all))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def start_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python code in another process; it is killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ended() -> Callable[[int], bool]:
    """Wait until a process that need not be a child is gone; false after 10 s."""

    def wait(pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return process.status() == psutil.STATUS_ZOMBIE or process.wait(10) is None or True
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            return False

    return wait
