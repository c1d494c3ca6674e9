"""The calls to Google's Business Profile APIs, as whoever signed in.

Source: Business Profile API v4 (reviews) and v1 (accounts, locations, notifications), state of 2026. What v1 calls
"locations/222" is "accounts/111/locations/222" in v4.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from healthberry.connectors import google_items as items
from healthberry.connectors import google_refusals, google_walks
from healthberry.connectors.base import Access
from healthberry.connectors.endpoints import Endpoints
from healthberry.connectors.errors import Gone, Unavailable, UnexpectedAnswer
from healthberry.connectors.google_sign_in import bearer
from healthberry.connectors.http import Http, Params
from healthberry.connectors.pace import Pace
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.text import line

_READ_MASK: Final = "name,title,storeCode,storefrontAddress,metadata"
_TYPES: Final = ["NEW_REVIEW", "UPDATED_REVIEW"]
_MOST_PAGES: Final = 100  # of accounts or locations
# Source: Business Profile "Usage limits": 300 a minute for the whole installation; each process keeps below that.
_PER_SECOND: Final = 4.0
_REVIEWS: Final = "/v4/accounts/{account}/locations/{location}/reviews"
_SETTING: Final = "/v1/accounts/{account}/notificationSetting"


class Api:
    """All of them; each method raises Temporary or Permanent as google_refusals.py says."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        def http(base_url: str, pace: Pace | None = None) -> Http:
            refusals = google_refusals.REFUSALS
            return Http(base_url, "Google", refusals, transport=transport, read_seconds=read_seconds, pace=pace)

        self._reviews = http(endpoints.google_reviews, pace or Pace(_PER_SECOND))
        self._accounts = http(endpoints.google_business_accounts)
        self._information = http(endpoints.google_business_information)
        self._notifications = http(endpoints.google_notifications)
        self.keys = http(endpoints.google_keys)

    def accounts(self, access: Access) -> dict[str, str]:
        """Return the names of the accounts that the sign-in opens, by their id ("accounts/111")."""
        found = {}
        for one in self._paged(self._accounts, "/v1/accounts", access, "accounts", [("pageSize", "20")]):
            account = identifier(one.get("name"))
            if account.startswith("accounts/"):
                found[account] = line(one.get("accountName"), 200) or account
        return found

    def locations(self, access: Access) -> list[items.Location]:
        """Return all locations of the channel's account, by id."""
        params = [("readMask", _READ_MASK), ("pageSize", "100")]
        template = "/v1/accounts/{account}/locations"
        listed = self._paged(self._information, template, access, "locations", params, account=_number(access))
        found = {one.id: one for one in map(items.location_of, listed) if one}
        return sorted(found.values(), key=lambda one: one.id)

    def page(self, access: Access, location: items.Location, at: google_walks.Place) -> Mapping[str, Any]:
        """Return one page of a location's reviews, last changed first."""
        size = str(at.size or google_walks.LIMIT)
        # Each page must be asked for like the first: a token with another size or order is refused.
        params = [("pageSize", size), ("orderBy", "updateTime desc")]
        params += [("pageToken", at.token)] if at.token else []
        return _call(
            self._reviews, "GET", _REVIEWS, access, params=params, account=_number(access), location=location.id
        )

    def review(self, access: Access, name: str) -> Mapping[str, Any]:
        """Return one review by its name."""
        account, location, review = _parts(name)
        template = _REVIEWS + "/{review}"
        return _call(self._reviews, "GET", template, access, account=account, location=location, review=review)

    def answer(self, access: Access, name: str, text: str) -> Mapping[str, Any]:
        """Create or replace the one answer of a review; return it as Google took it. The same words twice are one."""
        account, location, review = _parts(name)
        return _call(
            self._reviews,
            "PUT",
            _REVIEWS + "/{review}/reply",
            access,
            json={"comment": text},
            account=account,
            location=location,
            review=review,
        )

    def take_answer_down(self, access: Access, name: str) -> None:
        """Delete the one answer of a review. Raises: Gone where there is none; Temporary, Permanent."""
        account, location, review = _parts(name)
        template = _REVIEWS + "/{review}/reply"
        _call(self._reviews, "DELETE", template, access, account=account, location=location, review=review)

    def ask_to_tell(self, access: Access, topic: str) -> None:
        """See to it that new reviews are told to this Pub/Sub topic; another one that is set already is left alone."""
        account = _number(access)
        present = _call(self._notifications, "GET", _SETTING, access, account=account)
        if line(present.get("pubsubTopic"), 500):
            return
        name = f"accounts/{account}/notificationSetting"
        wish = {"name": name, "pubsubTopic": topic, "notificationTypes": _TYPES}
        # The reference names one field for the mask and another page two: clients send these.
        mask = [("updateMask", "pubsubTopic,notificationTypes")]
        _call(self._notifications, "PATCH", _SETTING, access, params=mask, json=wish, account=account)

    def _paged(
        self, http: Http, template: str, access: Access, key: str, params: Params, **path: str
    ) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token = ""  # nosec B105
        for _ in range(_MOST_PAGES):
            query = [*params, *([("pageToken", token)] if token else [])]
            body = _call(http, "GET", template, access, params=query, **path)
            elements = [mapping(one) for one in sequence(body.get(key))]
            if any("\ufffd" in str(one.get("name")) for one in elements):
                # Whatever is not listed is not read: a name that was garbled on the way must not be passed over.
                raise Unavailable("Google's answer was garbled on the way.")
            found += elements
            before, token = token, line(body.get("nextPageToken"), 2_000)
            if not token or token == before:
                break
        return found


def account_of(access: Access) -> str:
    """Return the channel's account, "accounts/111"."""
    return identifier(access.config.get("account"))


def _number(access: Access) -> str:
    return account_of(access).removeprefix("accounts/")


def _parts(name: str) -> tuple[str, str, str]:
    parts = items.parts_of(name)
    if parts is None:
        raise Gone("This is not a review on Google.")
    return parts


def _call(
    http: Http, method: str, template: str, access: Access, *, params: Params = (), json: Any = None, **path: str
) -> Mapping[str, Any]:
    answer = http.ask(method, template, headers=bearer(access), params=params, json=json, **path)
    if not 200 <= answer.status < 300:
        raise google_refusals.refusal(answer, http.refusal(answer))
    body = answer.json()
    if not isinstance(body, dict):
        raise UnexpectedAnswer("Google gave an answer that is no object.")
    return body
