"""The private Valkey: kept data, a socket that always fits, nothing left behind."""

import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from healthberry.local import valkey

START_AND_TELL = """
import sys
from pathlib import Path
from healthberry.local import valkey
print(valkey.start(Path(sys.argv[1])).process.pid, flush=True)
sys.stdin.read()
"""


def test_data_survives_a_restart(tmp_path: Path) -> None:
    for expected in (1, 2):
        server = valkey.start(tmp_path)
        with redis.Redis.from_url(server.url) as client:
            assert client.incr("starts") == expected
        server.stop()
        server.stop()


def test_only_its_own_user_reaches_it_however_long_the_path_is(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / ("long" * 30), durable=False)
    socket = Path(urlsplit(server.url).path)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
        assert client.config_get("port")["port"] == "0"
    server.stop()
    socket.parent.rmdir()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ties processes on Linux alone")
def test_the_server_ends_when_its_starter_is_killed_and_the_next_start_works(
    tmp_path: Path, start_python: Callable[..., subprocess.Popen[str]], ended: Callable[[int], bool]
) -> None:
    starter = start_python(START_AND_TELL, str(tmp_path))
    assert starter.stdout
    pid = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    assert ended(pid)
    valkey.start(tmp_path).stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way")
    with pytest.raises(RuntimeError, match="append"):
        valkey.start(tmp_path)
