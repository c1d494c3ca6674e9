"""Which web domain an address proves to be an organisation's own."""

import re
from typing import Final
from urllib.parse import urlsplit

# Hosts that many organisations share: they say nothing about who somebody works for.
_SHARED: Final = re.compile(
    r"(?:nhs\.uk|nhs\.net|nhs\.wales|wales\.nhs\.uk|icb\.nhs\.uk|gov\.uk|facebook\.com|twitter\.com|wordpress\.com|"
    r"google\.com|sites\.google\.com|blogspot\.com|weebly\.com|wixsite\.com|nhschoices\.nhs\.uk|plus\.com|co\.uk)\Z"
)
_TWO_PART: Final = re.compile(r"([^.]+)\.(?:icb|wales)\.nhs\.uk\Z")


def web_domain(address: str) -> str:
    """Return the host that an organisation's web address proves to be its own, "" when it proves nothing.

    "www." is left out, and so are pages kept elsewhere below an NHS name: "docs.uhb.nhs.uk" is "uhb.nhs.uk".
    """
    try:
        host = (urlsplit(address if "//" in address else f"//{address}").hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if host.endswith(".nhs.uk") and not _TWO_PART.search(host):
        host = ".".join(host.split(".")[-3:])
    return "" if _SHARED.match(host) or not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", host) else host
