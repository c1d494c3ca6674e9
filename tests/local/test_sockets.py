"""Ports and sockets: what is asked for where it is free, something else where it is not."""

import socket
import stat
from pathlib import Path

import pytest

from healthberry.local.sockets import free_port, socket_folder


def test_a_free_port_is_taken_as_asked_and_a_taken_one_is_replaced() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        other = free_port(taken)
    assert other != taken
    assert free_port(taken) == taken


def test_a_port_given_out_before_is_not_given_out_again() -> None:
    first = free_port(0)
    assert free_port(first, avoid=frozenset({first})) != first


def test_a_short_path_keeps_its_socket_and_a_long_one_gets_a_private_folder(tmp_path: Path) -> None:
    assert socket_folder(Path("/tmp"), "x.sock") == Path("/tmp")
    long = tmp_path / ("long" * 30)
    short = socket_folder(long, "x.sock")
    assert short == socket_folder(long, "x.sock")
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    short.rmdir()


def test_a_private_folder_that_is_a_trap_is_refused(tmp_path: Path) -> None:
    long = tmp_path / ("trap" * 30)
    short = socket_folder(long, "x.sock")
    short.rmdir()
    short.symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        socket_folder(long, "x.sock")
    short.unlink()
