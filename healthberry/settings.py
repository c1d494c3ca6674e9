"""Everything that a deployment decides, read from the environment once and then never changed.

`Settings.load()` reads the file `.env` beneath the environment; every problem is reported at once.
`.env.example` lists the same fields, and `tests/policy/test_settings.py` compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from healthberry import setting_values as env
from healthberry.environment import Environment, SettingsError, setting
from healthberry.setting_values import MailServer

__all__ = ["TWO_ROLES", "MailServer", "Settings", "SettingsError"]

# Said by whoever finds that the owner of the tables and the application would be one role.
TWO_ROLES = """\
Make two roles and a database, and name the first one in DATABASE_OWNER_URL and the second one in DATABASE_URL:
  CREATE ROLE healthberry_owner LOGIN PASSWORD '…';
  CREATE ROLE healthberry_app LOGIN PASSWORD '…' NOSUPERUSER NOBYPASSRLS;
  CREATE DATABASE healthberry OWNER healthberry_owner;"""


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings(Environment):
    """The settings of HealthBerry; every process reads the same ones."""

    database_url: str = setting(
        "PostgreSQL as the application's own role, which owns nothing and passes no row-level security",
        parse=env.postgres_url,
        secret=True,
    )
    database_owner_url: str | None = setting(
        "PostgreSQL as the role that owns the tables; only for migrations and for loading the register",
        parse=env.postgres_url,
        default=None,
        secret=True,
    )
    redis_url: str = setting("Valkey or Redis, for jobs and live pages", parse=env.redis_url, secret=True)
    mail_url: str = setting(
        "mail server: smtp+starttls:// or smtps://user:password@host:port; smtp:// sends in the clear, and a password"
        " no further than this machine",
        parse=env.mail_url,
        secret=True,
    )
    mail_from: str = setting("sender of all mail, such as HealthBerry <feedback@example.org>", parse=env.mail_from)
    secret_key: str = setting(
        "signs sessions, codes and links; at least 32 random characters",
        parse=env.long_secret,
        secret=True,
    )
    channel_keys: tuple[str, ...] = setting(
        "encrypt the channels' secrets at rest: 32-byte keys in URL-safe base64, separated by commas, newest first",
        parse=env.fernet_keys,
        secret=True,
    )
    backup_key: str | None = setting(
        "encrypts backups; at least 32 random characters, kept apart from this machine",
        parse=env.long_secret,
        default=None,
        secret=True,
    )
    public_url: str = setting(
        "address under which people reach HealthBerry; begins every link in a mail", parse=env.web_url
    )
    sandbox_url: str | None = setting(
        "when set, every channel is simulated by this server, and every page says so", parse=env.web_url, default=None
    )
    nhsuk_subscription_key: str | None = setting(
        "NHS.UK: subscription key for reading reviews", parse=env.text, default=None, secret=True
    )
    nhsuk_publisher_id: str | None = setting(
        "NHS.UK: publisher id for answering by API; with NHSUK_PUBLISHER_KEY or not at all",
        parse=env.text,
        default=None,
        secret=True,
    )
    nhsuk_publisher_key: str | None = setting(
        "NHS.UK: publisher key for answering by API", parse=env.text, default=None, secret=True
    )
    careopinion_subscription_key: str | None = setting(
        "Care Opinion: subscription key for reading stories", parse=env.text, default=None, secret=True
    )
    x_bearer_token: str | None = setting(
        "X: application token for reading public posts", parse=env.text, default=None, secret=True
    )
    x_client_id: str | None = setting(
        "X: OAuth client id for linking accounts; with X_CLIENT_SECRET or not at all",
        parse=env.text,
        default=None,
        secret=True,
    )
    x_client_secret: str | None = setting("X: OAuth client secret", parse=env.text, default=None, secret=True)
    x_consumer_secret: str | None = setting(
        "X: consumer secret of the application, which signs what X sends to /hooks/x",
        parse=env.text,
        default=None,
        secret=True,
    )
    x_monthly_reads: int | None = setting(
        "X: how many posts may be read in a calendar month, as X charges for each (number); unset: no limit",
        parse=env.whole(1, 1_000_000_000),
        default=None,
    )
    x_stream: bool = setting(
        "X: on: new posts are heard of within seconds by X's stream, where X_BEARER_TOKEN allows it",
        parse=env.switch,
        default=False,
    )
    facebook_app_id: str | None = setting(
        "Facebook and Instagram: id of your Meta app; with FACEBOOK_APP_SECRET or not at all",
        parse=env.text,
        default=None,
        secret=True,
    )
    facebook_app_secret: str | None = setting(
        "Facebook and Instagram: secret of your Meta app", parse=env.text, default=None, secret=True
    )
    facebook_verify_token: str | None = setting(
        "Facebook and Instagram: the word that you enter beside the callback address of the app's webhooks",
        parse=env.text,
        default=None,
        secret=True,
    )
    google_client_id: str | None = setting(
        "Google: OAuth client id for linking Google reviews and YouTube; with GOOGLE_CLIENT_SECRET or not at all",
        parse=env.text,
        default=None,
        secret=True,
    )
    google_client_secret: str | None = setting("Google: OAuth client secret", parse=env.text, default=None, secret=True)
    google_push_audience: str | None = setting(
        "Google: audience of the Pub/Sub subscription that pushes to /hooks/google; with GOOGLE_PUSH_EMAIL",
        parse=env.text,
        default=None,
    )
    google_push_email: str | None = setting(
        "Google: service account that signs the pushes of that subscription", parse=env.text, default=None
    )
    google_pubsub_topic: str | None = setting(
        "Google: Pub/Sub topic that new reviews are told to, such as projects/p/topics/reviews",
        parse=env.text,
        default=None,
    )
    youtube_api_key: str | None = setting(
        "YouTube: API key for reading public comments", parse=env.text, default=None, secret=True
    )
    microsoft_client_id: str | None = setting(
        "Microsoft 365: OAuth client id for linking mailboxes; with MICROSOFT_CLIENT_SECRET or not at all",
        parse=env.text,
        default=None,
        secret=True,
    )
    microsoft_client_secret: str | None = setting(
        "Microsoft 365: OAuth client secret", parse=env.text, default=None, secret=True
    )
    dns_server: str | None = setting(
        "name server that is asked whether an organisation's domain holds a proof, such as 127.0.0.1:53;"
        " unset: the system's",
        parse=env.bind,
        default=None,
    )
    operator_email: str | None = setting(
        "who is told about organisations that are not in the register, asked to check for whom people act,"
        " and told when a part of HealthBerry stops",
        parse=env.mail_from,
        default=None,
    )
    operators: tuple[str, ...] | None = setting(
        "who may open the operator's page /operator: e-mail addresses, separated by commas; unset: nobody",
        parse=env.addresses,
        default=None,
    )
    metrics_token: str | None = setting(
        "what Prometheus shows to read /metrics, as a bearer token of at least 32 characters; unset: there is none",
        parse=env.long_secret,
        default=None,
        secret=True,
    )
    sentry_dsn: str | None = setting(
        "where errors are reported, without anybody's words; needs the extra `observe`",
        parse=env.text,
        default=None,
        secret=True,
    )
    otel_endpoint: str | None = setting(
        "where traces go by OTLP over HTTP, such as http://127.0.0.1:4318; needs the extra `observe`",
        parse=env.web_url,
        default=None,
    )
    trusted_proxies: int = setting(
        "how many reverse proxies in front of HealthBerry set X-Forwarded-* (number)", parse=env.whole(0, 5), default=0
    )
    session_hours: int = setting("how long a sign-in lasts (hours)", parse=env.whole(1, 720), default=12)
    session_idle_minutes: int = setting(
        "after how long without use a sign-in ends sooner (minutes)", parse=env.whole(5, 43_200), default=240
    )
    reads_per_minute: int = setting(
        "how many pages one person may open in a minute before they are asked to wait (number)",
        parse=env.whole(10, 1_000_000),
        default=1200,
    )
    log_level: str = setting(
        "least severe log line that is written", parse=env.one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
    )
    log_style: str = setting(
        "plain for eyes, or json: one object a line, with the ids of request, member and job",
        parse=env.one_of("PLAIN", "JSON"),
        default="PLAIN",
    )
    poll_seconds: int | None = setting(
        "how often channels are read (seconds); unset: as often as suits each kind of channel",
        parse=env.whole(1, 3600),
        default=None,
    )
    silent_seconds: int = setting(
        "after how long without a sign of life a worker, the scheduler or the listener counts as stopped (seconds)",
        parse=env.whole(4, 3600),
        default=120,
    )
    job_memory_mb: int = setting(
        "how much memory one job of a worker may take before it is ended (megabytes)",
        parse=env.whole(64, 1_000_000),
        default=1024,
    )
    worker_jobs: int = setting(
        "after how many jobs a worker begins anew, with empty memory (number)",
        parse=env.whole(1, 1_000_000),
        default=5000,
    )
    worker_hours: int = setting(
        "after how long a worker begins anew, with empty memory (hours)", parse=env.whole(1, 720), default=12
    )
    pages_first: bool = setting(
        "on: workers use a processor only where no page needs it, until work has waited for some seconds",
        parse=env.switch,
        default=True,
    )
    web_bind: str = setting("address and port that the web server listens on", parse=env.bind, default="127.0.0.1:8600")
    most_requests: int = setting(
        "how many requests a web process answers at once before it refuses more with 503 (number)",
        parse=env.whole(1, 10_000),
        default=48,
    )
    web_workers: int = setting("web server processes (number)", parse=env.whole(1, 64), default=2)

    @classmethod
    def contradictions(cls, values: Mapping[str, Any]) -> list[str]:
        """Require both halves of a pair of credentials, or neither."""
        pairs = (
            ("nhsuk_publisher_id", "nhsuk_publisher_key"),
            ("x_client_id", "x_client_secret"),
            ("google_client_id", "google_client_secret"),
            ("google_push_audience", "google_push_email"),
            ("facebook_app_id", "facebook_app_secret"),
            ("microsoft_client_id", "microsoft_client_secret"),
        )
        return [
            f"{one.upper()} and {other.upper()} belong together: set both or neither"
            for one, other in pairs
            if (one in values) != (other in values)
        ]

    def is_operator(self, email: str) -> bool:
        """Say whether this address may open the operator's page, however it is capitalised."""
        return email.casefold() in {one.casefold() for one in self.operators or ()}

    @property
    def sqlalchemy_url(self) -> str:
        """The application role's database in SQLAlchemy's spelling."""
        return env.for_sqlalchemy(self.database_url)

    @property
    def sqlalchemy_owner_url(self) -> str:
        """The owner's database in SQLAlchemy's spelling; the application's where no owner is set."""
        return env.for_sqlalchemy(self.database_owner_url or self.database_url)

    @property
    def mail_server(self) -> MailServer:
        """Where mail is handed over."""
        return env.mail_server(self.mail_url)
