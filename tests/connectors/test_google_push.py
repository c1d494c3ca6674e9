"""Pushes of Pub/Sub: taken when Google signed them for us and our subscription sent them, and for no other reason."""

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from healthberry.connectors import registry
from healthberry.connectors.base import Connector, WebhookRequest
from healthberry.connectors.errors import BadSignature, Unavailable
from tests.connectors.fakes import Provider, access, as_json

AUDIENCE, EMAIL = "google-reviews-of-this-installation", "pusher@ours.iam.gserviceaccount.com"
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
# As in the document, section 3.5; what is inside `data` is not documented.
HINT = {"reviewName": "accounts/111/locations/222/reviews/AbF", "notificationType": "NEW_REVIEW"}


def key_set(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm
    made = [
        algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "alg": "RS256"} for kid, key in keys.items()
    ]
    return {"keys": [None, {"kty": "EC", "kid": "odd"}, *made]}


class Certificates(Provider):
    """Google's page of keys."""

    def __init__(self) -> None:
        super().__init__(lambda request: as_json(self.keys))
        self.keys = key_set(one=OURS)


def google(certificates: httpx.BaseTransport) -> Connector:
    credentials = registry.Credentials(google_push_audience=AUDIENCE, google_push_email=EMAIL)
    return registry.build(registry.endpoints(None), credentials, certificates).get("google")


def token(key: rsa.RSAPrivateKey = OURS, kid: str = "one", **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": EMAIL, "email_verified": True}
    claims |= {"iat": now, "exp": now + 3600, "sub": "1"} | changed
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm="RS256", headers={"kid": kid})


def push(bearer: str, inner: Any = HINT, body: bytes | None = None, method: str = "POST") -> WebhookRequest:
    data = base64.b64encode(json.dumps(inner).encode()).decode()
    message = {"message": {"data": data, "messageId": "136969346945", "attributes": {}}, "subscription": "projects/p/s"}
    content = json.dumps(message).encode() if body is None else body
    return WebhookRequest(method, {"authorization": f"Bearer {bearer}"}, {}, content)


def test_a_signed_push_is_kept_for_the_account_that_it_names_and_asks_for_a_poll() -> None:
    connector = google(Certificates())
    answer = connector.receive(access(), push(token()))
    (delivery,) = answer.deliveries
    assert (answer.status, delivery.account, delivery.key) == (204, "accounts/111", "136969346945")
    page = connector.read_delivery(access(), delivery.body)
    assert page.poll_now
    assert not page.items


@pytest.mark.parametrize(
    "inner",
    [
        {"location": "accounts/111/locations/222", "type": "UPDATED_REVIEW"},
        {"review_name": "accounts/111/locations/222/reviews/AbF"},
        {"resource": {"names": ["accounts/111/locations/222"]}},
    ],
)
def test_however_the_names_inside_are_called_the_account_is_found(inner: Any) -> None:
    (delivery,) = google(Certificates()).receive(access(), push(token(), inner)).deliveries
    assert delivery.account == "accounts/111"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"email": "pusher@theirs.iam.gserviceaccount.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
    ],
)
def test_a_token_for_others_of_others_or_of_yesterday_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        google(Certificates()).receive(access(), push(token(**changed)))


def test_a_foreign_key_and_no_signature_at_all_are_refused() -> None:
    connector = google(Certificates())
    for bearer in ("", "x.y.z", token(FOREIGN), token(FOREIGN, "two"), jwt.encode({"aud": AUDIENCE}, "", "none")):
        with pytest.raises(BadSignature):
            connector.receive(access(), push(bearer))
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", {}, {}, b"{}"))
    with pytest.raises(BadSignature):
        connector.receive(access(), push(token(), method="GET"))


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    forged = jwt.encode({"aud": AUDIENCE, "email": EMAIL}, "a" * 32, algorithm="HS256", headers={"kid": "one"})
    with pytest.raises(BadSignature):
        google(Certificates()).receive(access(), push(forged))


def test_keys_are_fetched_once_and_made_up_key_ids_do_not_make_us_ask_each_time() -> None:
    certificates = Certificates()
    connector = google(certificates)
    for _ in range(3):
        connector.receive(access(), push(token()))
    for number in range(5):
        with pytest.raises(BadSignature):
            connector.receive(access(), push(token(FOREIGN, f"made-up-{number}")))
    assert [request.url.path for request in certificates.asked] == ["/oauth2/v3/certs"]


def test_without_googles_keys_a_push_is_neither_taken_nor_called_forged() -> None:
    with pytest.raises(Unavailable):
        google(Provider(lambda request: httpx.Response(503))).receive(access(), push(token()))


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"message": 3}', b'{"message": {"data": "%%%"}}', b"\xff"])
def test_a_signed_push_without_sense_is_taken_once_and_forgotten(body: bytes) -> None:
    answer = google(Certificates()).receive(access(), push(token(), body=body))
    assert (answer.status, list(answer.deliveries)) == (204, [])


def test_without_a_subscription_nothing_is_taken() -> None:
    connector = registry.build(registry.endpoints(None), registry.Credentials(), Certificates()).get("google")
    assert not connector.capabilities.push
    with pytest.raises(BadSignature):
        connector.receive(access(), push(token()))
