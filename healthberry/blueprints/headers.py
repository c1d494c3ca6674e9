"""The headers of every answer: what a page may load, who may frame it, and who may keep a copy."""

import secrets

from flask import Flask, Response, g, request

from healthberry.extensions import part
from healthberry.fixed_headers import fixed, is_secure

_YEAR = "public, max-age=31536000, immutable"


def nonce() -> str:
    """Return this answer's nonce: only scripts that carry it run."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def let_forms_lead_to(origin: str) -> None:
    """Let forms of this page end at `origin` too: browsers check the redirect that answers a form."""
    g.form_origins = [*g.get("form_origins", []), origin]


def install(app: Flask) -> None:
    """Set the headers after every request."""
    app.after_request(_protect)
    app.after_request(_keep)


def _policy() -> str:
    forms = " ".join(["'self'", *g.get("form_origins", [])])
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce()}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            f"form-action {forms}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types htmx",
        )
    )


def _protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _policy())
    for name, value in fixed(secure=is_secure(part("settings").public_url)).items():
        response.headers.setdefault(name, value)
    return response


def _keep(response: Response) -> Response:
    """Nobody keeps a page, not even the browser of a shared ward computer; assets are kept for a year.

    Pages that say the same to everybody are no exception: each holds its reader's own proof for forms.
    """
    if request.endpoint == "static":
        hashed = "/dist/" in request.path and response.status_code == 200
        response.headers["Cache-Control"] = _YEAR if hashed else "no-cache"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
