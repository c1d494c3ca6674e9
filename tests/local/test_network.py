"""Tests reach this machine alone."""

import socket

import httpx
import pytest

from tests.network import LeftThisMachine


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "169.254.169.254"])
def test_no_address_beyond_loopback_is_reached(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as connection, pytest.raises(LeftThisMachine):
        connection.connect((host, 80))


def test_no_name_is_looked_up_elsewhere() -> None:
    with pytest.raises(LeftThisMachine):
        httpx.get("http://nhs.example/", trust_env=False)


def test_a_name_that_never_exists_is_unknown_as_anywhere() -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://dead-website.invalid/", trust_env=False)
