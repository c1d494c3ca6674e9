"""What every imitated provider request passes through: counting, latency, faults."""

import time

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from .faults import EARLY, Fault, hang_up, spoil
from .state import here

REPLYING = {"create_post", "respond"}
TOKENS = {"token", "app_token", "revoke", "invalidate_token"}
LISTS = {
    "mentions",
    "user_posts",
    "search_recent",
    "lookup_posts",
    "opinions",
    "responses",
    "opinion_responses",
    "comments",
}

MAINTENANCE = (
    "<!doctype html><html lang=en><title>Back soon</title><h1>We will be back soon</h1>"
    "<p>This service is being worked on. This is a simulated fault.</p></html>"
)


def guard(blueprint: Blueprint, channel: str) -> None:
    """Put a provider's blueprint behind the gate. Call it before any other hook of the blueprint is added."""

    def before() -> ResponseReturnValue | None:
        return _enter(channel)

    def after(response: Response) -> Response:
        return _leave(channel, response)

    blueprint.before_request(before)
    blueprint.after_request(after)


def operation_name() -> str:
    """Return the name of the view that serves this request."""
    return (request.endpoint or "unknown").rsplit(".", 1)[-1]


def _enter(channel: str) -> ResponseReturnValue | None:
    sandbox, name = here(), operation_name()
    sandbox.counts[f"{channel}.{name}"] += 1
    if sandbox.settings.latency_seconds:
        time.sleep(sandbox.settings.latency_seconds)
    kind = "reply" if name in REPLYING else "token" if name in TOKENS else "read"
    fault = sandbox.faults.take(channel, kind, name in LISTS, request.full_path)
    g.fault = fault
    if fault is None or fault.kind not in EARLY:
        return None
    return _early(channel, fault)


def _early(channel: str, fault: Fault) -> Response:
    if fault.kind == "timeout_before":
        time.sleep(fault.wait_seconds)
        return hang_up()
    if fault.kind == "html_page":
        return Response(MAINTENANCE, 200, mimetype="text/html")
    return _refusal(channel, fault.kind, fault.retry_seconds)


def _refusal(channel: str, kind: str, retry_seconds: int) -> Response:
    status = {"rate_limit": 429, "server_error": 500, "expired_token": 401}[kind]
    if channel == "x":
        return _x_refusal(status, here().store.now() // 1000 + retry_seconds)
    if channel == "careopinion" and kind == "expired_token":
        return Response("", 302, {"Location": f"{request.host_url}careopinion/login"})
    messages = {
        429: f"Rate limit is exceeded. Try again in {retry_seconds} seconds.",
        500: "Internal server error",
        401: "Access denied",
    }
    answer = Response(
        f'{{"statusCode": {status}, "message": "{messages[status]}"}}', status, mimetype="application/json"
    )
    if status == 429:
        answer.headers["Retry-After"] = str(retry_seconds)
    return answer


def _x_refusal(status: int, reset: int) -> Response:
    title = {429: "Too Many Requests", 500: "Internal Server Error", 401: "Unauthorized"}[status]
    body = f'{{"title":"{title}","detail":"{title}","type":"about:blank","status":{status}}}'
    answer = Response(body, status, mimetype="application/problem+json")
    if status == 429:
        answer.headers.update(
            {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
        )
    return answer


def _leave(channel: str, response: Response) -> Response:
    here().statuses[(f"{channel}.{operation_name()}", response.status_code)] += 1
    fault: Fault | None = g.get("fault")
    if fault is None or fault.kind in EARLY or response.status_code >= 300:
        return response
    return spoil(response, fault, channel)
