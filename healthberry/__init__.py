"""HealthBerry: everything that patients say about an NHS organisation, in one inbox."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
    from flask import Flask

    from healthberry.settings import Settings


def create_app(settings: "Settings", *, transport: "httpx.BaseTransport | None" = None) -> "Flask":
    """Join the parts; see `healthberry.application`.

    Imported on demand: the sandbox and the launcher are packages beneath this one and must not load all the rest.
    """
    from healthberry.application import create_app as create  # noqa: PLC0415

    return create(settings, transport=transport)
