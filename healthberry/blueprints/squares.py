"""The page that gives an authenticator app its key: as a square for its camera, and as text."""

import segno
from flask import render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from healthberry.core import digits


def page(
    secret: str, whose: str, errors: dict[str, str] | None, *, confirm_url: str, back_url: str
) -> ResponseReturnValue:
    """Show the key of an app that is being set up; `whose` is how the app lists it."""
    square = segno.make(digits.address_of(secret, whose), error="m").svg_inline(
        scale=5, border=2, light="white", omitsize=True
    )
    shown = render_template(
        "own_sign_in/app.html",
        square=Markup(square),  # noqa: S704 - marks alone, none of the words that stand in it  # nosec B704
        key=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        errors=errors or {},
        confirm_url=confirm_url,
        back_url=back_url,
    )
    return shown, 422 if errors else 200
