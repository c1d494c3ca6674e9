"""The headers that are the same on every answer, whoever gives it: a page, a refusal at the door, a file."""

from typing import Final

# ASVS wants a year or more, for names below this one too: who serves HealthBerry over https serves those so as well.
_HSTS: Final = "max-age=31536000; includeSubDomains"
# Everything that browsers ask people for, and nothing here needs. Passkeys are for our own pages.
_NOBODY: Final = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "identity-credentials-get",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_OWN: Final = ("publickey-credentials-create", "publickey-credentials-get")
_PERMISSIONS: Final = ", ".join((*(f"{one}=()" for one in _NOBODY), *(f"{one}=(self)" for one in _OWN)))


def is_secure(public_url: str) -> bool:
    """Say whether people reach this installation over https: cookies and headers promise it then."""
    return public_url.startswith("https://")


def fixed(*, secure: bool) -> dict[str, str]:
    """Return these headers; `secure` where people come over https, whatever a proxy speaks to us."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
    }
    return {**headers, "Strict-Transport-Security": _HSTS} if secure else headers
