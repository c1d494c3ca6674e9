"""What Pub/Sub would push: signed with a key of this process, whose public half stands where Google's keys stand."""

import base64
import json
import time
from functools import lru_cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input as given
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Unusable

from . import names

blueprint = Blueprint("google_push", __name__, url_prefix="/google/apis")
guard(blueprint, "google")
control = Blueprint("google_control", __name__, url_prefix="/control/google")
given.refuse(control)

KEY_ID = "sandbox-key-1"


@blueprint.get("/oauth2/v3/certs")
def certs() -> ResponseReturnValue:
    """List the public keys with which pushes can be verified."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
    answer = jsonify(keys=[{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}])
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@control.post("/push")
def push() -> ResponseReturnValue:
    """Push that a review is new: `{url, remote_id, type?, times?, audience?, email?}`; return what was answered.

    `times` above 1 delivers the very same message again. Audience and e-mail are those of the keys, or given to forge.
    """
    body = given.body()
    url, name = str(body.get("url") or ""), str(body.get("remote_id") or "")
    if not names.place_of(name) or not url.startswith(("http://", "https://")):
        raise Unusable("Give url and remote_id, the name of a review.")
    message = _message(name, str(body.get("type") or "NEW_REVIEW"))
    headers = {"Authorization": f"Bearer {_token(body)}", "Content-Type": "application/json"}
    with httpx.Client(trust_env=False, timeout=20) as client:
        times = int(body.get("times") or 1)
        statuses = [client.post(url, content=message, headers=headers).status_code for _ in range(times)]
    return jsonify(statuses=statuses)


@control.post("/locations")
def location() -> ResponseReturnValue:
    """Add a location or change it: `{ods_code, verified?, title?}`."""
    body = given.body()
    code = here().sites["google"].checked(str(body.get("ods_code") or ""))
    values = (code, int(body.get("verified", True) is True), str(body.get("title") or ""))
    here().store.run("INSERT OR REPLACE INTO google_locations VALUES (?, ?, ?)", *values)
    return jsonify(name=names.location(code)), 201


def _message(name: str, kind: str) -> bytes:
    location = name.rpartition("/reviews/")[0]
    inner = {"reviewName": name, "locationName": location, "notificationType": kind}
    number = str(int(time.time() * 1_000_000))
    message = {"data": base64.b64encode(json.dumps(inner).encode()).decode(), "messageId": number, "attributes": {}}
    return json.dumps({"message": message, "subscription": "projects/simulated/subscriptions/reviews"}).encode()


def _token(body: dict[str, Any]) -> str:
    keys, now = here().config.keys, int(time.time())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": body.get("audience") or keys["GOOGLE_PUSH_AUDIENCE"],
        "email": body.get("email") or keys["GOOGLE_PUSH_EMAIL"],
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
        "sub": "113774264463038321964",
    }
    return jwt.encode(claims, _key(), algorithm="RS256", headers={"kid": KEY_ID})


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
