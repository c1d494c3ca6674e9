"""Asking an issuer of OpenID Connect over HTTP: its configuration, its keys, and who a code stands for.

An administrator typed its address: every call goes through SafeTransport, nothing is redirected, nothing is long. What
an issuer says about itself is kept for an hour in this process; a key that is not among those kept is looked for once.
"""

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from healthberry import logs
from healthberry.connectors import openid_issuers
from healthberry.connectors.http import USER_AGENT
from healthberry.connectors.oauth import code_form, sign_in_page
from healthberry.connectors.openid_issuers import Identity
from healthberry.connectors.openid_tokens import Expected, NotBelieved, UnknownKey, check
from healthberry.connectors.safe_transport import SafeTransport

_log = logging.getLogger(__name__)

_TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
_WHOLE_SECONDS: Final = 10.0
_LARGEST_BYTES: Final = 256 * 1024
_KEPT_SECONDS: Final = 3600.0
_MOST_KEPT: Final = 500
_HEADERS: Final = {"user-agent": USER_AGENT, "accept": "application/json"}


@dataclass(frozen=True)
class Client:
    """As whom we ask an issuer."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Started:
    """What is kept of a sign-in until the browser comes back: nobody else may know any of it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Issuers:
    """The issuers that organisations named. What lies below `allowed` (the sandbox) may be on this machine."""

    def __init__(
        self,
        *,
        allowed: str | None = None,
        way: SafeTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._way = way or SafeTransport(allowed=allowed.rstrip("/") if allowed else None)
        self._clock = clock
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()

    def checked(self, issuer: str) -> str:
        """Return an issuer that was typed in. Raises: openid_issuers.NotAnIssuer."""
        return openid_issuers.check(issuer, on_this_machine=self._way.is_allowed(issuer.strip()))

    def page(self, client: Client, started: Started, redirect_uri: str) -> str:
        """Return the page to send the browser to. Raises: NotBelieved where the issuer does not answer as one."""
        configuration = self._configuration(client.issuer)
        address = self._endpoint(configuration, "authorization_endpoint")
        if urlsplit(address).query or urlsplit(address).fragment:
            raise NotBelieved("a page to sign in at that has a query")
        return sign_in_page(
            address,
            client.client_id,
            "openid email profile",
            started.state,
            redirect_uri,
            started.verifier,
            nonce=started.nonce,
        )

    def identity(self, client: Client, started: Started, answer: Mapping[str, str], redirect_uri: str) -> Identity:
        """Exchange the code that the browser brought, and return whom it stands for. Raises: NotBelieved."""
        configuration = self._configuration(client.issuer)
        _check_sender(answer, configuration, client.issuer)
        if answer.get("error") or not answer.get("code"):
            raise NotBelieved("the issuer refused, or somebody cancelled")
        form = code_form(answer, redirect_uri, started.verifier, client.issuer)
        token = self._exchanged(configuration, client, form)
        expected = Expected(client.issuer, client.client_id, started.nonce)
        where = self._endpoint(configuration, "jwks_uri")
        try:
            claims = check(token, _keys(self._fetched(where)), expected)
        except UnknownKey:
            claims = check(token, _keys(self._fetched(where, anew=True)), expected)
        return openid_issuers.believed(client.issuer, claims)

    def _configuration(self, issuer: str) -> Mapping[str, Any]:
        found = self._fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise NotBelieved("its configuration is another issuer's")
        return found

    def _endpoint(self, configuration: Mapping[str, Any], name: str) -> str:
        address = configuration.get(name)
        try:
            parts = urlsplit(address if isinstance(address, str) else "")
            good = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
        except ValueError:
            good = False
        if not isinstance(address, str) or not (good or self._way.is_allowed(address)) or not address.isprintable():
            raise NotBelieved(f"no {name}")
        return address

    def _exchanged(self, configuration: Mapping[str, Any], client: Client, form: dict[str, str]) -> str:
        headers: dict[str, str] = {}
        methods = configuration.get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            form = {**form, "client_id": client.client_id, "client_secret": client.secret}
        else:
            # Source: RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = quote(client.client_id, safe=""), quote(client.secret, safe="")
            headers["authorization"] = f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"
        answer = self._ask("POST", self._endpoint(configuration, "token_endpoint"), headers=headers, data=form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotBelieved("no id_token")
        return token

    def _fetched(self, address: str, *, anew: bool = False) -> Mapping[str, Any]:
        with self._lock:
            kept = self._kept.get(address)
        if kept and not anew and self._clock() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        found = self._ask("GET", address)
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[address] = self._clock(), found
        return found

    def _ask(self, method: str, address: str, **sent: Any) -> Mapping[str, Any]:
        client = httpx.Client(transport=_Kept(self._way), timeout=_TIMEOUT, trust_env=False, headers=_HEADERS)
        outcome = "failed"
        try:
            request = client.build_request(method, address, **sent)
            response = client.send(request, stream=True, follow_redirects=False)
            outcome = str(response.status_code)
            return _mapping(response)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise NotBelieved(f"no answer ({type(error).__name__})") from error
        finally:
            logs.event(_log, "openid.called", method=method, host=urlsplit(address).netloc, status=outcome)


class _Kept(httpx.BaseTransport):
    """Lends the one way to a client that is closed after its call."""

    def __init__(self, way: SafeTransport) -> None:
        self._way = way

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._way.handle_request(request)


def _mapping(response: httpx.Response) -> Mapping[str, Any]:
    ends, body = time.monotonic() + _WHOLE_SECONDS, bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LARGEST_BYTES or time.monotonic() > ends:
                raise ValueError("too long")
    finally:
        response.close()
    found = json.loads(body) if response.status_code == 200 else None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _keys(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    keys = found.get("keys")
    return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else []


def _check_sender(answer: Mapping[str, str], configuration: Mapping[str, Any], issuer: str) -> None:
    """Refuse another issuer's answer. Source: RFC 9207, 2.4."""
    says = configuration.get("authorization_response_iss_parameter_supported") is True
    if answer.get("iss", None if says else issuer) != issuer:
        raise NotBelieved("another issuer's answer")
