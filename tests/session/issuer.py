"""A small issuer of OpenID Connect over real HTTP: discovery, keys, codes with PKCE, tokens; as hostile as told."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from tests.serving import serving

CLIENT, SECRET = "health berry", "s3cret:&+/ü"
Claims = dict[str, Any]


def a_key() -> rsa.RSAPrivateKey:
    """Make a key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """What tests may change: who signs in, what the token says instead, how and by which key it is signed."""

    key: rsa.RSAPrivateKey = field(default_factory=a_key)
    kid: str = "first"
    url: str = ""
    person: Claims = field(default_factory=dict)
    spoil: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[["Issuer", Claims], str] | None = None
    calls: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Its name."""
        return f"{self.url}/a"

    def mend(self) -> None:
        """Be honest again, and forget who was here."""
        self.spoil, self.sign = lambda claims: claims, None
        self.person, self.kid = {}, "first"
        self.calls.clear()

    def public_pem(self) -> bytes:
        """Return the public key as text that anybody can read."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def jwks(self) -> Claims:
        """Return the public key."""
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**jwk, "kid": self.kid, "use": "sig"}]}

    def token(self, nonce: str) -> str:
        """Make an id_token about the person."""
        made = {"iss": self.issuer, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 300}
        claims = self.spoil({**made, "nonce": nonce, **self.person})
        if self.sign:
            return self.sign(self, claims)
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})


def signed_by_hand(header: Claims, claims: Claims, key: bytes = b"") -> str:
    """Join a token that no library would make."""
    parts = [_b64(json.dumps(one).encode()) for one in (header, claims)]
    signature = hmac.digest(key, ".".join(parts).encode(), "sha256") if key else b""
    return ".".join([*parts, _b64(signature)])


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _application(issuer: Issuer) -> Flask:
    app = Flask("issuer")

    @app.before_request
    def note() -> None:
        issuer.calls.append(request.path)

    @app.get("/a/.well-known/openid-configuration")
    def configuration() -> ResponseReturnValue:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return jsonify({"issuer": issuer.issuer, **{name: f"{issuer.issuer}/{end}" for name, end in ends.items()}})

    @app.get("/a/keys")
    def keys() -> ResponseReturnValue:
        return jsonify(issuer.jwks())

    @app.get("/a/authorize")
    def authorize() -> ResponseReturnValue:
        asked = request.args.to_dict()
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        issuer.codes[code] = asked
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    @app.post("/a/token")
    def token() -> ResponseReturnValue:
        asked = issuer.codes.pop(request.form["code"], None)
        given = request.authorization
        challenge = _b64(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or request.form["redirect_uri"] != asked["redirect_uri"]
        ):
            abort(400)
        if given is None or (unquote(given.username or ""), unquote(given.password or "")) != (CLIENT, SECRET):
            abort(401)
        return jsonify({"access_token": "x", "token_type": "Bearer", "id_token": issuer.token(asked["nonce"])})

    return app


@contextmanager
def answering() -> Iterator[Issuer]:
    """Let an issuer answer on this machine."""
    issuer = Issuer()
    server = make_server("127.0.0.1", 0, _application(issuer), threaded=True)
    with serving(cast(Any, server)) as url:
        issuer.url = url
        yield issuer
