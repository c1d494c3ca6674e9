"""X API v2, where an app says what it wants to be sent: webhooks, and subscriptions to activity."""

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import activity, params
from .api import blueprint
from .auth import call
from .shapes import invalid, problem, when

_MOST_SUBSCRIPTIONS: Final = 1500


@blueprint.post("/webhooks")
@call(user=None, app=450)
def add_webhook() -> ResponseReturnValue:
    """Answer POST /2/webhooks: kept once it has answered the challenge."""
    url, store = str(params.body().get("url") or ""), here().store
    if not _may_be_called(url):
        return _refused("UrlValidationFailed", "The URL must be https, public and without a port.")
    if store.row("SELECT id FROM x_webhooks WHERE url = ?", url):
        return _refused("DuplicateUrlFailed", "There is a webhook with this URL already.")
    if not activity.answers_challenge(url, here().config.keys["X_CONSUMER_SECRET"]):
        return _refused("CrcValidationFailed", "CRC check failed: the response token is wrong or missing.")
    store.run("INSERT INTO x_webhooks (url, valid, created_at) VALUES (?, 1, ?)", url, store.now())
    return jsonify(data=_webhook(store.sure("SELECT * FROM x_webhooks WHERE url = ?", url)))


@blueprint.get("/webhooks")
@call(user=None, app=450)
def list_webhooks() -> ResponseReturnValue:
    """Answer GET /2/webhooks."""
    data = [_webhook(row) for row in here().store.rows("SELECT * FROM x_webhooks ORDER BY id")]
    return jsonify({"data": data, "meta": {"result_count": len(data)}} if data else {"meta": {"result_count": 0}})


@blueprint.put("/webhooks/<int:webhook_id>")
@call(user=None, app=450)
def check_webhook(webhook_id: int) -> ResponseReturnValue:
    """Answer PUT /2/webhooks/:id: the challenge again."""
    store = here().store
    found = store.row("SELECT * FROM x_webhooks WHERE id = ?", webhook_id)
    if found is None:
        return _refused("WebhookIdInvalid", "There is no such webhook.")
    valid = activity.answers_challenge(found["url"], here().config.keys["X_CONSUMER_SECRET"])
    store.run("UPDATE x_webhooks SET valid = ? WHERE id = ?", int(valid), webhook_id)
    if not valid:
        return _refused("CrcValidationFailed", "CRC check failed: the response token is wrong or missing.")
    return jsonify(data={"valid": True})


@blueprint.delete("/webhooks/<int:webhook_id>")
@call(user=None, app=450)
def remove_webhook(webhook_id: int) -> ResponseReturnValue:
    """Answer DELETE /2/webhooks/:id; its subscriptions go with it."""
    here().store.run("DELETE FROM x_subscriptions WHERE webhook_id = ?", webhook_id)
    here().store.run("DELETE FROM x_webhooks WHERE id = ?", webhook_id)
    return jsonify(data={"deleted": True})


@blueprint.post("/activity/subscriptions")
@call(user=500, app=500)
def subscribe() -> ResponseReturnValue:
    """Answer POST /2/activity/subscriptions."""
    body, store = params.body(), here().store
    filters = body.get("filter")
    user_id = str(filters.get("user_id") or "") if isinstance(filters, dict) else ""
    event, webhook_id = body.get("event_type"), str(body.get("webhook_id") or "")
    if event not in activity.EVENTS or not user_id.isdigit() or not webhook_id.isdigit():
        return invalid("[$: event_type, filter.user_id or webhook_id is not valid]", event_type=event)
    if store.row("SELECT id FROM x_webhooks WHERE id = ?", int(webhook_id)) is None:
        return _refused("WebhookIdInvalid", "There is no such webhook.")
    if int(store.value("SELECT COUNT(*) AS n FROM x_subscriptions")) >= _MOST_SUBSCRIPTIONS:
        return problem(403, "Forbidden", "The limit of subscriptions is reached.")
    mine = (event, params.number("user_id", user_id), int(webhook_id))
    if store.row("SELECT id FROM x_subscriptions WHERE event_type = ? AND user_id = ? AND webhook_id = ?", *mine):
        return _refused("DuplicateSubscription", "There is such a subscription already.")
    sql = "INSERT INTO x_subscriptions (event_type, user_id, webhook_id, tag, created_at) VALUES (?, ?, ?, ?, ?)"
    store.run(sql, *mine, body.get("tag"), store.now())
    return _subscriptions("WHERE event_type = ? AND user_id = ? AND webhook_id = ?", *mine)


@blueprint.get("/activity/subscriptions")
@call(user=500, app=500)
def list_subscriptions() -> ResponseReturnValue:
    """Answer GET /2/activity/subscriptions."""
    return _subscriptions("")


@blueprint.delete("/activity/subscriptions/<int:subscription_id>")
@call(user=500, app=500)
def unsubscribe(subscription_id: int) -> ResponseReturnValue:
    """Answer DELETE /2/activity/subscriptions/:id."""
    here().store.run("DELETE FROM x_subscriptions WHERE id = ?", subscription_id)
    return jsonify(data={"deleted": True})


def _subscriptions(where: str, *values: object) -> ResponseReturnValue:
    rows = here().store.rows(f"SELECT * FROM x_subscriptions {where} ORDER BY id", *values)  # noqa: S608
    data = [
        {
            "subscription_id": str(row["id"]),
            "event_type": row["event_type"],
            "filter": {"user_id": str(row["user_id"])},
            "tag": row["tag"],
            "webhook_id": str(row["webhook_id"]),
            "created_at": when(row["created_at"]),
            "updated_at": when(row["created_at"]),
        }
        for row in rows
    ]
    total = here().store.value("SELECT COUNT(*) AS n FROM x_subscriptions")
    return jsonify({**({"data": data} if data else {}), "meta": {"total_subscriptions": total}})


def _webhook(row: Row) -> dict[str, Any]:
    made = {"id": str(row["id"]), "url": row["url"], "valid": bool(row["valid"])}
    return {**made, "created_at": when(row["created_at"])}


def _may_be_called(url: str) -> bool:
    """Real ones are https, public and have no port; on this machine anything goes, or nobody could try."""
    try:
        parts = urlsplit(url)
        if parts.hostname in ("127.0.0.1", "localhost"):
            return parts.scheme in ("http", "https")
        return parts.scheme == "https" and parts.port is None and "." in (parts.hostname or "")
    except ValueError:
        return False


def _refused(title: str, detail: str) -> Response:
    return problem(400, title, detail, "invalid-request")
