"""`GET /health`: whether each part that HealthBerry stands on answers, and how fast."""

import logging
import smtplib
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.blueprints import guard
from healthberry.core import events, health
from healthberry.extensions import part
from healthberry.setting_values import MailServer

blueprint = Blueprint("health", __name__)
blueprint.record_once(lambda state: state.app.extensions.update(health={}, health_since=time.monotonic()))
log = logging.getLogger(__name__)

_MAIL_KEPT_SECONDS = 30
_TROUBLE_KEPT_SECONDS = 3  # anybody may ask: each question is not to be a connection
_MAIL_WAIT_SECONDS = 3
_DATABASE, _QUEUE = "the database does not answer", "the queue does not answer"
_SILENT = {
    "worker": "no worker that reads channels has been heard of",
    "sender": "no worker that sends replies and alerts has been heard of",
    "scheduler": "the scheduler has been silent",
    "listener": "the listener has been silent",
    "sweep": "nothing that is due has been looked for",
}
_NEVER = {
    "worker": "no worker that reads channels has ever run",
    "sender": "no worker that sends replies and alerts has ever run",
    "scheduler": "the scheduler has never run",
    "listener": "the listener has never run",
    "sweep": "nothing that is due has ever been looked for",
}

Check = dict[str, Any]


class Unwell(Exception):
    """A part answers, but is not as it should be; the text says how."""


@blueprint.get("/health")
@guard.public
def show() -> Response:
    """Answer 503 when the database is silent, or a part of what runs in the background was for too long; else 200."""
    parts: dict[str, health.Part] = {}
    checks = {
        "database": _timed(_database, _DATABASE),
        "queue": _timed(_queue, _QUEUE),
        "processes": _timed(lambda: parts.update((one.name, one) for one in health.parts(_watched())), _DATABASE),
        "mail": _kept("mail", _MAIL_KEPT_SECONDS, lambda: _timed(_mail, "the mail server does not answer")),
        "register": _timed(_register, _DATABASE),
    }
    del checks["processes"]
    checks |= {name: _alive(one) for name, one in parts.items()}
    silent = [one.name for one in parts.values() if one.silent]
    down = checks["database"].get("reason") == _DATABASE
    well = all(check["ok"] for check in checks.values())
    status = "down" if down else "silent" if silent else "ok" if well else "degraded"
    response: Response = jsonify({"status": status, "silent": silent, "checks": checks})
    response.status_code = 503 if down or silent else 200
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/health/web")
@guard.public
def web() -> Response:
    """Answer 200 while this process can serve pages, whatever else is silent: for what sends people to it."""
    check = _timed(_database, _DATABASE)
    response: Response = jsonify({"status": "ok" if check["ok"] else "down", "checks": {"database": check}})
    response.status_code = 200 if check["ok"] else 503
    response.headers["Cache-Control"] = "no-store"
    return response


def _alive(one: health.Part) -> Check:
    if one.silent_seconds is None:
        return {"ok": False, "reason": _NEVER[one.name]}
    if one.silent_seconds > part("settings").silent_seconds:
        return {"ok": False, "reason": f"{_SILENT[one.name]} for {int(one.silent_seconds)} seconds"}
    return {"ok": True, "seconds": round(one.silent_seconds, 1)}


def _watched() -> timedelta:
    """Return how long this process has run."""
    return timedelta(seconds=time.monotonic() - part("health_since"))


def _timed(check: Callable[[], Check | None], silent: str) -> Check:
    """Run one check; `silent` is the reason given where the part does not answer."""
    started = time.perf_counter()
    try:
        more = check() or {}
    except Unwell as error:
        return {"ok": False, "reason": str(error)}
    except (SQLAlchemyError, RedisError, OSError) as error:
        logs.event(log, "health.failed", logging.WARNING, reason=silent, error=type(error).__name__)
        return {"ok": False, "reason": silent}
    finally:
        _let_go()
    return {"ok": True, "seconds": round(time.perf_counter() - started, 4), **more}


def _database() -> None:
    if hole := health.hole_in_wall():
        raise Unwell(hole)


def _queue() -> None:
    part("valkey").ping()


def _mail() -> None:
    server: MailServer = part("settings").mail_server
    smtp: smtplib.SMTP
    if server.tls:
        context = ssl.create_default_context()
        smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=_MAIL_WAIT_SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=_MAIL_WAIT_SECONDS)
    with smtp:
        smtp.noop()


def _register() -> Check:
    providers = health.provider_count()
    if not providers:
        raise Unwell("the register is empty: run `healthberry register load`")
    return {"providers": providers}


def _kept(name: str, seconds: float, ask: Callable[[], Check]) -> Check:
    """Ask again only after `seconds`: probes come often, and a mail server dislikes empty calls."""
    kept: dict[str, tuple[float, Check]] = part("health")
    asked_at, found = kept.get(name, (0.0, {}))
    lasting = seconds if found.get("ok") else _TROUBLE_KEPT_SECONDS
    if not found or time.monotonic() - asked_at > lasting:
        kept[name] = (time.monotonic(), ask())
    return kept[name][1]


def _let_go() -> None:
    try:
        events.forget()
    except SQLAlchemyError as error:
        logs.event(log, "health.rollback_failed", logging.WARNING, error=type(error).__name__)
