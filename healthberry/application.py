"""The joining of the parts: settings in, application out."""

from dataclasses import fields
from pathlib import Path

import httpx
from flask import Flask
from redis import Redis
from werkzeug.middleware.proxy_fix import ProxyFix

from healthberry import connection, logs, observing, reactions
from healthberry.admission import Admission
from healthberry.blueprints.edge import register_blueprints
from healthberry.blueprints.template_environment import Environment
from healthberry.clock import CLOCK
from healthberry.connectors import openid, registry
from healthberry.connectors.site_proofs import SiteProofs
from healthberry.core import events, scope
from healthberry.core.vault import Vault
from healthberry.extensions import csrf, db, htmx, login_manager, mail, migrate
from healthberry.fixed_headers import is_secure
from healthberry.mail.send import mail_config
from healthberry.session_cookie import SessionCookie
from healthberry.settings import Settings

_POOL_SIZE = 10
_POOL_WAIT_SECONDS = 5


def create_app(settings: Settings, *, transport: httpx.BaseTransport | None = None) -> Flask:
    """Join the parts: the only place where that happens.

    `transport` replaces the network of every connector (tests). Opens no connection: workers fork after this.
    """
    credentials = _credentials(settings)
    _log(settings, credentials)
    observing.start(settings)
    app = Flask(__name__)
    app.session_interface = SessionCookie()
    app.jinja_environment = Environment
    app.config.update(_config(settings))
    app.extensions["settings"] = settings
    app.extensions["vault"] = Vault(settings.channel_keys)
    app.extensions["valkey"] = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    # Workers wait on their queues for minutes: no time-out on that connection.
    app.extensions["valkey_jobs"] = Redis.from_url(settings.redis_url, socket_connect_timeout=2)
    app.extensions["connectors"] = registry.build(
        registry.endpoints(settings.sandbox_url), credentials, transport, choices=_choices(settings)
    )
    app.extensions["site_proofs"] = SiteProofs(
        registry.endpoints(settings.sandbox_url).websites, settings.dns_server, transport=transport
    )
    app.extensions["openid"] = openid.Issuers(allowed=settings.sandbox_url)
    for extension in (db, csrf, htmx, login_manager, mail):
        extension.init_app(app)
    migrate.init_app(app, db, directory=str(_migrations()))
    with app.app_context():
        connection.use_for(db.engine)
        CLOCK.follow(db.engine)
    scope.install()
    events.set_subscribers(reactions.table())
    register_blueprints(app)
    app.wsgi_app = Admission(  # type: ignore[method-assign]
        app.wsgi_app, settings.most_requests, secure=is_secure(settings.public_url)
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _log(settings: Settings, credentials: registry.Credentials) -> None:
    secrets = [settings.secret_key, *settings.channel_keys, *credentials.known()]
    secrets += [one for one in (settings.metrics_token, settings.sentry_dsn, settings.backup_key) if one]
    logs.configure(settings.log_level, "json" if settings.log_style == "JSON" else "plain", secrets)


def _credentials(settings: Settings) -> registry.Credentials:
    return registry.Credentials(**{one.name: getattr(settings, one.name) for one in fields(registry.Credentials)})


def _choices(settings: Settings) -> registry.Choices:
    return registry.Choices(**{one.name: getattr(settings, one.name) for one in fields(registry.Choices)})


def _migrations() -> Path:
    return Path(__file__).resolve().parent.parent / "migrations"


def _config(settings: Settings) -> dict[str, object]:
    secure = is_secure(settings.public_url)
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": _POOL_SIZE,
            "max_overflow": 0,
            "pool_timeout": _POOL_WAIT_SECONDS,
            "pool_use_lifo": True,  # the one used last knows most of what it is asked
            "hide_parameters": True,  # what patients wrote does not belong in an error, nor in the log that tells of it
        },
        "SESSION_COOKIE_NAME": "__Host-healthberry" if secure else "healthberry",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": settings.session_hours * 3600,
        "SESSION_REFRESH_EACH_REQUEST": False,  # it ends when its row does, at the latest; use does not lengthen it
        "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": secure,
        "MAIL_DEFAULT_SENDER": settings.mail_from,
        **mail_config(settings.mail_server),
    }
