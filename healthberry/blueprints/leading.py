"""Where a request is led that may not go on, and the way back from there: always on this site."""

from urllib.parse import urlsplit

from flask import make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from healthberry.blueprints.render import shown_address


def local_path(wanted: str | None) -> str | None:
    """Return `wanted` if it is a path on this site and nowhere else, else None.

    "//evil.example", "/\\evil.example", "https:evil" and paths with control characters lead elsewhere in some browser.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return None
    if "\\" in wanted or any(ord(character) < 33 for character in wanted) or len(wanted) > 2000:
        return None
    parts = urlsplit(wanted)
    return None if parts.scheme or parts.netloc else wanted


def to_sign_in() -> Response:
    """Lead to the sign-in page, and after it back to where somebody wanted to go."""
    shown = shown_address()
    wanted = with_query(shown.path, shown.query) if _is_htmx() else asked_for()
    back = local_path(wanted) if _is_htmx() or request.method == "GET" else None
    return lead(url_for("session.sign_in", next=back), 401)


def lead(address: str, status: int) -> Response:
    """Lead to this address: a page redirects; a part of a page tells htmx, with this status, to go there as a whole."""
    if not _is_htmx():
        return redirect(address, 303)
    response = make_response("", status)
    response.headers["HX-Redirect"] = address
    return response


def way_back() -> str:
    """Return the path of the page that this request came from, "" where it is none of this site."""
    shown = shown_address()
    before = local_path(with_query(shown.path, shown.query)) or local_path(urlsplit(request.referrer or "").path)
    return before or ""


def asked_for() -> str:
    """Return the path of this request, with its query."""
    return with_query(request.path, request.query_string.decode("utf-8", "replace"))


def with_query(path: str, query: str) -> str:
    """Return a path with its query, where there is one."""
    return f"{path}?{query}" if query else path


def _is_htmx() -> bool:
    return request.headers.get("HX-Request") == "true"
