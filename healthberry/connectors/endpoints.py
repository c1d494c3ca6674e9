"""Where each provider lives: the real addresses, or the sandbox that imitates all of them."""

from dataclasses import dataclass, field, fields
from typing import Final

NHSUK: Final = "https://api.nhs.uk"
CAREOPINION: Final = "https://www.careopinion.org.uk"
X_API: Final = "https://api.x.com"
X_WEB: Final = "https://x.com"
BLUESKY: Final = "https://bsky.social"
BLUESKY_WEB: Final = "https://bsky.app"
META_GRAPH: Final = "https://graph.facebook.com"
INSTAGRAM_WEB: Final = "https://www.instagram.com"
FACEBOOK_WEB: Final = "https://www.facebook.com"
MICROSOFT: Final = "https://login.microsoftonline.com"
MAIL_DIRECTORY: Final = "https://autoconfig.thunderbird.net/v1.1"


@dataclass(frozen=True)
class Endpoints:
    """Base addresses without a closing slash; `websites` is None where organisations' websites are fetched for real.

    So is `mastodon`, where each server is called by its own name.
    `microsoft` is where people sign in to Microsoft 365; `mail_directory` knows the mail servers of a domain.
    `google_plus` is the API that closed in 2019: the sandbox's imitation, for real None.
    `callbacks` is the address below which answers to other systems may go unchecked: the sandbox's, for real None.
    `nhsuk_listing` and `careopinion_listing` are pages for people, with {code} in place of an ODS code.
    """

    nhsuk: str
    careopinion: str
    x_api: str
    x_web: str
    websites: str | None
    facebook_graph: str = META_GRAPH
    facebook_web: str = FACEBOOK_WEB
    instagram_graph: str = META_GRAPH
    instagram_web: str = INSTAGRAM_WEB
    microsoft: str = MICROSOFT
    mail_directory: str = MAIL_DIRECTORY
    callbacks: str | None = None
    nhsuk_listing: str = "https://www.nhs.uk/service-search"
    nhsuk_syndication: str = "http://v1.syndication.nhschoices.nhs.uk"
    careopinion_listing: str = f"{CAREOPINION}/services/{{code}}"
    mastodon: str | None = None
    bluesky: str = BLUESKY
    bluesky_web: str = BLUESKY_WEB
    google_accounts: str = "https://accounts.google.com"
    google_tokens: str = "https://oauth2.googleapis.com"
    google_keys: str = "https://www.googleapis.com"
    google_business_accounts: str = "https://mybusinessaccountmanagement.googleapis.com"
    google_business_information: str = "https://mybusinessbusinessinformation.googleapis.com"
    google_notifications: str = "https://mybusinessnotifications.googleapis.com"
    google_reviews: str = "https://mybusiness.googleapis.com"
    youtube_api: str = "https://www.googleapis.com/youtube/v3"
    youtube_web: str = "https://www.youtube.com"
    google_plus: str | None = None


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
    x_consumer_secret: str | None = field(default=None, repr=False)
    google_client_id: str | None = field(default=None, repr=False)
    google_client_secret: str | None = field(default=None, repr=False)
    google_push_audience: str | None = field(default=None, repr=False)
    google_push_email: str | None = field(default=None, repr=False)
    google_pubsub_topic: str | None = field(default=None, repr=False)
    youtube_api_key: str | None = field(default=None, repr=False)
    facebook_app_id: str | None = field(default=None, repr=False)
    facebook_app_secret: str | None = field(default=None, repr=False)
    facebook_verify_token: str | None = field(default=None, repr=False)
    microsoft_client_id: str | None = field(default=None, repr=False)
    microsoft_client_secret: str | None = field(default=None, repr=False)
    mail_url: str | None = field(default=None, repr=False)
    mail_from: str | None = field(default=None, repr=False)

    def known(self) -> list[str]:
        """Return the secrets that there are, for masking in logs."""
        return [value for one in fields(self) if (value := getattr(self, one.name))]


@dataclass(frozen=True)
class Choices:
    """What the operator of this installation chose for its connectors; nothing of it is secret.

    `x_monthly_reads` is how many posts may be read from X in a calendar month; `x_stream` says whether X's stream is
    followed.
    """

    x_monthly_reads: int | None = None
    x_stream: bool = False


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
        facebook_graph=f"{base}/facebook",
        facebook_web=f"{base}/facebook",
        instagram_graph=f"{base}/instagram",
        instagram_web=f"{base}/instagram",
        microsoft=f"{base}/email/microsoft",
        mail_directory=f"{base}/email/directory",
        callbacks=f"{base}/webhook",
        google_accounts=f"{base}/google/accounts",
        google_tokens=f"{base}/google/oauth2",
        google_keys=f"{base}/google/apis",
        google_business_accounts=f"{base}/google/accountmanagement",
        google_business_information=f"{base}/google/businessinformation",
        google_notifications=f"{base}/google/notifications",
        google_reviews=f"{base}/google/mybusiness",
        youtube_api=f"{base}/youtube/v3",
        youtube_web=f"{base}/youtube",
        nhsuk_syndication=f"{base}/nhsuk/syndication",
        nhsuk_listing=f"{base}/organisations/{{code}}",
        careopinion_listing=f"{base}/organisations/{{code}}",
        mastodon=f"{base}/mastodon",
        bluesky=f"{base}/bluesky",
        bluesky_web=f"{base}/bluesky",
        google_plus=f"{base}/google_plus/plus/v1",
    )
