"""Fixtures: the sandbox inside this process, with a clock that stands still until it is moved."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from healthberry.sandbox.application import create_app, sandbox_of
from healthberry.sandbox.state import Sandbox

KEYS = {
    "NHSUK_SUBSCRIPTION_KEY": "reader",
    "NHSUK_PUBLISHER_ID": "EXAMPLEPUB",
    "NHSUK_PUBLISHER_KEY": "publisher",
    "CAREOPINION_SUBSCRIPTION_KEY": "stories",
    "X_BEARER_TOKEN": "bearer",
    "X_CLIENT_ID": "client",
    "X_CLIENT_SECRET": "secret",
    "X_CONSUMER_SECRET": "sandbox-consumer-secret",
    "GOOGLE_CLIENT_ID": "google-client",
    "GOOGLE_CLIENT_SECRET": "google-secret",
    "GOOGLE_PUSH_AUDIENCE": "pushes",
    "GOOGLE_PUSH_EMAIL": "pusher@tests.iam.gserviceaccount.com",
    "YOUTUBE_API_KEY": "youtube",
    "MICROSOFT_CLIENT_ID": "mail-client",
    "MICROSOFT_CLIENT_SECRET": "mail-secret",
}
QUIET = {"SANDBOX_SEED_ITEMS": "0", "SANDBOX_CAREOPINION_DELAY_SECONDS": "0", "SANDBOX_STRAY_EVERY": "0"}
REDIRECT = "http://127.0.0.1:5000/x/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
# Source: RFC 7636, appendix B.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CLIENT = {"Authorization": "Basic " + base64.b64encode(b"client:secret").decode()}


@dataclass
class Box:
    """A sandbox with shorthands for its APIs."""

    app: Flask
    client: Any

    @property
    def parts(self) -> Sandbox:
        return sandbox_of(self.app)

    def x(self, path: str, token: str = KEYS["X_BEARER_TOKEN"], **query: str) -> Any:
        """GET from the X API."""
        return self.client.get(f"/x/2/{path}", query_string=query, headers={"Authorization": f"Bearer {token}"})

    def tweet(self, token: str, text: str, reply_to: str | None = None) -> Any:
        """POST /2/tweets."""
        body: dict[str, Any] = {"text": text}
        if reply_to:
            body["reply"] = {"in_reply_to_tweet_id": reply_to}
        return self.client.post("/x/2/tweets", json=body, headers={"Authorization": f"Bearer {token}"})

    def stories(self, path: str = "opinions", **query: Any) -> Any:
        """GET from Care Opinion's API."""
        headers = {"Authorization": "SUBSCRIPTION_KEY stories"}
        return self.client.get(f"/careopinion/api/v2/{path}", query_string=query, headers=headers)

    def reviews(self, path: str = "Comments", key: str = "reader", **query: Any) -> Any:
        """GET from NHS.UK's comments API."""
        return self.client.get(f"/nhsuk/comments/{path}", query_string=query, headers={"subscription-key": key})

    def told(self, channel: str, text: str, **fields: Any) -> str:
        """Publish as a patient through the control API; return the remote id."""
        place = {"handle": "ExampleTrust"} if channel == "x" else {"ods_code": "RXX"}
        body = {"channel": channel, "author": "Marigold57", "text": text, **place, **fields}
        answer = self.client.post("/control/posts", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json["remote_id"])

    def seen(self, channel: str, remote_id: str) -> dict[str, Any]:
        """Return what the control API shows of an item."""
        found: dict[str, Any] = self.client.get(f"/control/posts/{channel}/{remote_id}").json
        return found

    def fault(self, channel: str, kind: str, **fields: Any) -> None:
        """Order a fault."""
        answer = self.client.post("/control/faults", json={"channel": channel, "kind": kind, "times": 1, **fields})
        assert answer.status_code == 201, answer.text

    def set(self, **settings: Any) -> None:
        """Change settings."""
        answer = self.client.post("/control/settings", json=settings)
        assert answer.status_code == 200, answer.text

    def user_id(self, handle: str = "ExampleTrust") -> str:
        """Return an account's number."""
        return str(self.x(f"users/by/username/{handle}").json["data"]["id"])

    def sign_in(
        self, handle: str = "ExampleTrust", scope: str = "tweet.read tweet.write users.read offline.access"
    ) -> Any:
        """Walk through X's authorisation; return the token answer."""
        asked = {
            "response_type": "code",
            "client_id": "client",
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        back = self.client.post("/x/i/oauth2/authorize", data={**asked, "username": handle})
        assert back.status_code == 303, back.text
        code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
        return self.trade(code).json

    def trade(self, code: str, **changed: str) -> Any:
        """Trade an authorisation code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self.client.post("/x/2/oauth2/token", data={**form, **changed}, headers=CLIENT)


@pytest.fixture
def make_box() -> Iterator[Callable[..., Box]]:
    """Return a function that builds a sandbox; settings given replace the quiet ones."""
    made: list[Box] = []

    def make(settings: Mapping[str, str] | None = None) -> Box:
        app = create_app({**KEYS, **QUIET, **(settings or {})})
        made.append(Box(app, app.test_client()))
        return made[-1]

    yield make
    for box in made:
        box.parts.store.close()


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    """An empty sandbox that answers at once."""
    return make_box()
