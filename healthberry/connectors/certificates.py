"""Whose word we take for who a server is."""

import ssl
from functools import cache

import httpx


@cache
def certificates(*, trust_env: bool = False) -> ssl.SSLContext:
    """Return the authorities that all calls of this process trust.

    Read once: it takes 30 ms and a megabyte, and httpx would do it for every provider and every site anew.
    With `trust_env` the environment may name others (SSL_CERT_FILE, SSL_CERT_DIR).
    """
    return httpx.create_ssl_context(trust_env=trust_env)
