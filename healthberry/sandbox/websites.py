"""Organisations' websites: a home page for any host, with the link to its X account."""

import json
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from .faults import hang_up
from .state import here
from .x import store as x_store

blueprint = Blueprint("websites", __name__, url_prefix="/websites")

BEHAVIOURS = (
    "ok",
    "dead",
    "bad_gateway",
    "not_found",
    "redirect",
    "redirect_elsewhere",
    "huge",
    "slow",
    "unknown_handle",
    "no_handle",
    "html",
    "binary",
)
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def handle_for(host: str) -> str:
    """Derive the X handle from a host: `www.imperial.nhs.uk` has `imperialNHS`; at most 15 characters."""
    labels = host.lower().removeprefix("www.").split(".")
    nhs = labels[-2:] == ["nhs", "uk"]
    kept = labels[:-2] if nhs else labels[:1]
    name = re.sub(r"[^a-z0-9]", "", "".join(kept)) or "site" + sha256(host.encode()).hexdigest()[:6]
    return name[:12] + "NHS" if nhs else name[:15]


@blueprint.get("/<host>", strict_slashes=False)
@blueprint.get("/<host>/<path:path>")
def page(host: str, path: str = "") -> ResponseReturnValue:
    """Serve a page of a host the way `POST /control/websites` says, by default the home page."""
    here().counts["websites.page"] += 1
    host = host.lower()
    if not HOST.fullmatch(host):
        return Response("Bad host", 400, mimetype="text/plain")
    found = here().store.row("SELECT * FROM websites WHERE host = ?", host)
    behaviour = found["behaviour"] if found else "ok"
    options: dict[str, Any] = json.loads(found["options"]) if found else {}
    handle = (found["handle"] if found else None) or handle_for(host)
    return _behave(behaviour, host, handle, path, options)


def _behave(behaviour: str, host: str, handle: str, path: str, options: dict[str, Any]) -> ResponseReturnValue:
    if behaviour == "dead":
        return hang_up()
    if behaviour in ("bad_gateway", "not_found"):
        status = 502 if behaviour == "bad_gateway" else 404
        return Response(f"<h1>{status}</h1>", status, mimetype="text/html")
    if behaviour == "redirect_elsewhere":
        return Response("", 302, {"Location": str(options.get("location", "https://elsewhere.example/"))})
    if behaviour == "redirect" and (moved := _hop(path, int(options.get("times", 1)), host)):
        return moved
    if behaviour == "huge":
        return Response(_huge(int(options.get("bytes", 5_000_000))), mimetype="text/html")
    if behaviour == "slow":
        time.sleep(float(options.get("seconds", 30)))
    if behaviour == "html":
        return Response(
            str(options.get("html", "")).encode("utf-8", "surrogatepass"),
            mimetype=str(options.get("content_type", "text/html")),
        )
    if behaviour == "binary":
        return Response(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, mimetype="image/png")
    return _home(behaviour, host, handle)


def _hop(path: str, times: int, host: str) -> Response | None:
    """Answer with the next of `times` redirects, or None at the end.

    The address given back is relative, so that it means the same below `/websites/` and at the host itself.
    """
    match = re.fullmatch(r"hop-(\d{1,6})", path)
    done = int(match.group(1)) if match else 0
    if done >= times:
        return None
    here_already = "" if path or request.path.endswith("/") else f"{host}/"
    return Response("", 302, {"Location": f"{here_already}hop-{done + 1}"})


def _huge(size: int) -> Iterator[bytes]:
    yield b"<!doctype html><title>Large</title><p>"
    block = b"All of our board papers on one page. " * 1700
    for _ in range(0, size, len(block)):
        yield block


def _home(behaviour: str, host: str, handle: str) -> Response:
    if behaviour in ("ok", "redirect", "slow"):
        x_store.ensure_user(here().store, handle, name=_display(host), organisation=True)
    if behaviour == "no_handle":
        handle = ""
    body = render_template("websites/home.html", host=host, name=_display(host), handle=handle)
    return Response(body, mimetype="text/html")


def _display(host: str) -> str:
    label = host.removeprefix("www.").split(".")[0].replace("-", " ").title()
    return f"{label} NHS" if host.endswith(".nhs.uk") else label
