"""The APIs of version 1: accounts, their locations, and what an account wants to be told."""

import json
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import places, seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.kinds import guess
from healthberry.sandbox.state import here

from . import names, paging
from .errors import refused
from .oauth import BUSINESS, granted

blueprint = Blueprint("google_accounts", __name__, url_prefix="/google")
guard(blueprint, "google")

FIELDS = {"name", "title", "storeCode", "storefrontAddress", "metadata", "languageCode", "websiteUri"}
TYPES = {"NEW_REVIEW", "UPDATED_REVIEW", "GOOGLE_UPDATE", "VOICE_OF_MERCHANT_UPDATED"}
# Trusts have some sites, so that there is something to choose from; they get little past.
SITES = ("01", "02")


@blueprint.get("/accountmanagement/v1/accounts")
def accounts() -> ResponseReturnValue:
    """List the accounts of whoever signed in, at most 20 a page."""
    whose = granted(BUSINESS)
    if whose is None:
        return refused(401)
    page, token = paging.cut(whose, request.args, default=20, most=20)
    listed = [_account(organisation) for organisation in page]
    return jsonify({"accounts": listed} | token if listed else {})


@blueprint.get("/businessinformation/v1/accounts/<number>/locations")
def locations(number: str) -> ResponseReturnValue:
    """List an account's locations; `readMask` is required, and only what it names comes."""
    organisation = names.code(number)
    if (problem := _may_not(organisation)) is not None:
        return refused(problem)
    mask = set(filter(None, request.args.get("readMask", "").split(",")))
    if not mask or mask - FIELDS:
        return refused(400, "Request contains an invalid argument.", field="read_mask")
    _ask(organisation)
    known = names.locations_of(here().store, organisation)
    page, token = paging.cut(known, request.args, default=10, most=100)
    listed = [{name: value for name, value in _location(one).items() if name in mask} for one in page]
    return jsonify({"locations": listed, "totalSize": len(known)} | token)


@blueprint.get("/notifications/v1/accounts/<number>/notificationSetting")
def setting(number: str) -> ResponseReturnValue:
    """Say what an account is told, and where."""
    if (problem := _may_not(names.code(number))) is not None:
        return refused(problem)
    return jsonify(_setting(number))


@blueprint.patch("/notifications/v1/accounts/<number>/notificationSetting")
def change_setting(number: str) -> ResponseReturnValue:
    """Change it: one setting, one topic for each account; the last who writes wins."""
    if (problem := _may_not(names.code(number))) is not None:
        return refused(problem)
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not request.args.get("updateMask"):
        return refused(400, "Request contains an invalid argument.", field="update_mask")
    types = body.get("notificationTypes") or []
    if not isinstance(types, list) or set(types) - TYPES:
        return refused(400, "Invalid value at 'notification_setting.notification_types'")
    values = (number, str(body.get("pubsubTopic") or ""), json.dumps(types))
    here().store.run("INSERT OR REPLACE INTO google_notifications VALUES (?, ?, ?)", *values)
    return jsonify(_setting(number))


def may_not(number: str) -> int | None:
    """Return the status that refuses this request an account, None where it may read it."""
    return _may_not(names.code(number))


def title(code: str) -> str:
    """Return what a location is called."""
    told = here().store.value("SELECT title FROM google_locations WHERE ods_code = ?", code)
    return told or places.service_name(here().store, code)


def is_verified(code: str) -> bool:
    """Say whether a location is verified; it is, unless control said otherwise."""
    return bool(here().store.value("SELECT verified FROM google_locations WHERE ods_code = ?", code) != 0)


def _may_not(organisation: str) -> int | None:
    whose = granted(BUSINESS)
    if whose is None:
        return 401
    return None if organisation and organisation in whose else 403


def _ask(organisation: str) -> None:
    sandbox = here()
    seed.ask(sandbox, "google", organisation)
    if sandbox.settings.seed_items and guess(organisation) == "trust":
        for site in SITES:
            seed.ask(sandbox, "google", organisation + site)


def _account(organisation: str) -> dict[str, Any]:
    name = places.service_name(here().store, organisation)
    return {
        "name": names.account(organisation),
        "accountName": name,
        "type": "LOCATION_GROUP",
        "role": "OWNER",
        "verificationState": "VERIFIED",
    }


def _location(code: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "placeId": f"ChIJ{names.number(code)}",
        "mapsUri": request.host_url.rstrip("/") + page(code),
    }
    if is_verified(code):  # false is left out, as every default value
        metadata["hasVoiceOfMerchant"] = True
    return {
        "name": f"locations/{names.number(code)}",
        "title": title(code),
        "storeCode": code,
        "storefrontAddress": {"regionCode": "GB", "locality": "Exampleton", "addressLines": ["1 High Street"]},
        "metadata": metadata,
    }


def page(code: str) -> str:
    """Return the path of a location's public page."""
    return f"/organisations/{places.quoted(code)}"


def _setting(number: str) -> dict[str, Any]:
    found = here().store.row("SELECT * FROM google_notifications WHERE account = ?", number)
    told: dict[str, Any] = {"name": f"accounts/{number}/notificationSetting"}
    if found and found["topic"]:
        told["pubsubTopic"] = found["topic"]
    if found and json.loads(found["types"]):
        told["notificationTypes"] = json.loads(found["types"])
    return told
