"""What every imitated provider request passes through: counting, latency, faults."""

import time

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from .faults import EARLY, Fault, hang_up, spoil
from .site import Site
from .state import Sandbox, here

STATUSES = {"rate_limit": 429, "server_error": 500, "expired_token": 401}
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
    site = sandbox.sites[channel]
    sandbox.counts[f"{channel}.{name}"] += 1
    if sandbox.settings.latency_seconds:
        time.sleep(sandbox.settings.latency_seconds)
    kind = "reply" if name in site.replying else "token" if name in site.tokens else "read"
    fault = sandbox.faults.take(channel, kind, name in site.lists, request.full_path)
    g.fault = fault
    if fault is None or fault.kind not in EARLY:
        return None
    return _early(sandbox, site, fault)


def _early(sandbox: Sandbox, site: Site, fault: Fault) -> Response:
    if fault.kind == "timeout_before":
        time.sleep(fault.wait_seconds)
        return hang_up()
    if fault.kind == "html_page":
        return Response(MAINTENANCE, 200, mimetype="text/html")
    return site.refusal(sandbox, STATUSES[fault.kind], fault.retry_seconds)


def _leave(channel: str, response: Response) -> Response:
    sandbox = here()
    sandbox.statuses[(f"{channel}.{operation_name()}", response.status_code)] += 1
    fault: Fault | None = g.get("fault")
    if fault is None or fault.kind in EARLY or response.status_code >= 300:
        return response
    return spoil(response, fault, sandbox.sites[channel])
