"""What an installation is made of, for notices and documents: who else handles data, cookies, how long sign-ins last.

Read from the settings that are in force. No names of machines, no secrets: what kind of thing each is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app

from healthberry.blueprints import known_browsers, openid_kept
from healthberry.core import second_step, sessions
from healthberry.extensions import part
from healthberry.fixed_headers import is_secure
from healthberry.settings import Settings
from healthberry.version import VERSION

_MAIL = (
    ("nhs.net", "NHSmail"), ("nhs.uk", "A mail server of the NHS"), ("office365.com", "Microsoft 365"),
    ("outlook.com", "Microsoft 365"), ("gmail.com", "Google Workspace"), ("google.com", "Google Workspace"),
    ("amazonaws.com", "Amazon SES"), ("sendgrid.net", "SendGrid"), ("mailgun.org", "Mailgun"),
    ("postmarkapp.com", "Postmark"),
)  # fmt: skip
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Cookie:
    """One cookie: what it is called, why it is needed, and how long it lasts."""

    name: str
    purpose: str
    lasts: str


@dataclass(frozen=True)
class Processor:
    """Somebody else who may get data to handle it for us: for what, and what they get."""

    name: str
    purpose: str
    gets: str


@dataclass(frozen=True)
class Installed:
    """The facts."""

    version: str
    secure: bool
    simulated: bool
    cookies: Sequence[Cookie]
    processors: Sequence[Processor]
    session_hours: int
    idle_minutes: int
    grace_days: int
    seals_backups: bool
    errors_reported: bool
    traced: bool


def facts() -> Installed:
    """Return what holds now."""
    settings: Settings = part("settings")
    return Installed(
        version=VERSION,
        secure=is_secure(settings.public_url),
        simulated=bool(settings.sandbox_url),
        cookies=cookies(),
        processors=processors(settings),
        session_hours=settings.session_hours,
        idle_minutes=settings.session_idle_minutes,
        grace_days=second_step.GRACE.days,
        seals_backups=bool(settings.backup_key),
        errors_reported=bool(settings.sentry_dsn),
        traced=bool(settings.otel_endpoint),
    )


def cookies() -> Sequence[Cookie]:
    """Return every cookie that is ever set; `tests/session/test_notices.py` compares that with what browsers get."""
    name, hours = current_app.config["SESSION_COOKIE_NAME"], part("settings").session_hours
    kept = int(sessions.REMEMBERED.total_seconds() // 3600)
    return (
        Cookie(
            name,
            "Keeps you signed in, and proves that a form which is sent comes from a page of ours.",
            f"Until the browser is closed; {hours} hours once you are signed in.",
        ),
        Cookie(
            f"{name}-device",
            "Only if you ask for it: this browser is not asked for your second step again.",
            f"{kept} hours.",
        ),
        Cookie(
            known_browsers.name(),
            "Once you have proven your e-mail address in this browser: nobody else can use up how many codes you may"
            " ask for. It signs nobody in, and holds no address.",
            f"{known_browsers.LASTS.days} days from when you signed in last.",
        ),
        Cookie(
            openid_kept.name(),
            "Only while you sign in with your organisation's account: proves that the answer belongs to this browser.",
            "10 minutes.",
        ),
    )


def processors(settings: Settings) -> Sequence[Processor]:
    """Return who else handles data; channels are none of them: they have their data from the people themselves."""
    found = [Processor(_mail(settings.mail_server.host), "Sends e-mails", "Addresses of staff and of people who ask")]
    if settings.sentry_dsn:
        found.append(Processor("Sentry", "Reports of errors", "Where the program failed; nobody's words"))
    if settings.otel_endpoint:
        found.append(Processor("A tracing service", "Times of steps", "Ids and times; nobody's words"))
    return found


def _mail(host: str) -> str:
    if host in _HERE:
        return "A mail server on the same machine"
    known = (name for domain, name in _MAIL if host == domain or host.endswith(f".{domain}"))
    return next(known, "Another mail server")
