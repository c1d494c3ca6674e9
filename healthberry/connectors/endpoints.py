"""Where each provider lives: the real addresses, or the sandbox that imitates all of them."""

from dataclasses import dataclass, field, fields
from typing import Final

NHSUK: Final = "https://api.nhs.uk"
CAREOPINION: Final = "https://www.careopinion.org.uk"
X_API: Final = "https://api.x.com"
X_WEB: Final = "https://x.com"


@dataclass(frozen=True)
class Endpoints:
    """Base addresses without a closing slash; `websites` is None where organisations' websites are fetched for real.

    So is `mastodon`, where each server is called by its own name.
    `callbacks` is the address below which answers to other systems may go unchecked: the sandbox's, for real None.
    `nhsuk_listing` and `careopinion_listing` are pages for people, with {code} in place of an ODS code.
    """

    nhsuk: str
    careopinion: str
    x_api: str
    x_web: str
    websites: str | None
    callbacks: str | None = None
    nhsuk_listing: str = "https://www.nhs.uk/service-search"
    careopinion_listing: str = f"{CAREOPINION}/services/{{code}}"
    mastodon: str | None = None


@dataclass(frozen=True)
class Credentials:
    """The secrets of this installation, each None where it has none; never printed."""

    nhsuk_subscription_key: str | None = field(default=None, repr=False)
    nhsuk_publisher_id: str | None = field(default=None, repr=False)
    nhsuk_publisher_key: str | None = field(default=None, repr=False)
    careopinion_subscription_key: str | None = field(default=None, repr=False)
    x_bearer_token: str | None = field(default=None, repr=False)
    x_client_id: str | None = field(default=None, repr=False)
    x_client_secret: str | None = field(default=None, repr=False)

    def known(self) -> list[str]:
        """Return the secrets that there are, for masking in logs."""
        return [value for one in fields(self) if (value := getattr(self, one.name))]


def endpoints(sandbox_url: str | None) -> Endpoints:
    """Return the sandbox's addresses where `sandbox_url` is given, else the real ones."""
    if sandbox_url is None:
        return Endpoints(nhsuk=NHSUK, careopinion=CAREOPINION, x_api=X_API, x_web=X_WEB, websites=None)
    base = sandbox_url.rstrip("/")
    return Endpoints(
        nhsuk=f"{base}/nhsuk",
        careopinion=f"{base}/careopinion",
        x_api=f"{base}/x",
        x_web=f"{base}/x",
        websites=f"{base}/websites",
        callbacks=f"{base}/webhook",
        nhsuk_listing=f"{base}/organisations/{{code}}",
        careopinion_listing=f"{base}/organisations/{{code}}",
        mastodon=f"{base}/mastodon",
    )
