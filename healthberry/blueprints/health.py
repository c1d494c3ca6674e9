"""`GET /health`: whether each part that HealthBerry stands on answers, and how fast."""

import logging
import smtplib
import ssl
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.core import events, health
from healthberry.extensions import part
from healthberry.queues import QUEUES, queue
from healthberry.setting_values import MailServer

blueprint = Blueprint("health", __name__)
blueprint.record_once(lambda state: state.app.extensions.setdefault("health", {}))
log = logging.getLogger(__name__)

_MAIL_KEPT_SECONDS = 30
_MAIL_WAIT_SECONDS = 3
_DATABASE, _QUEUE = "the database does not answer", "the queue does not answer"

Check = dict[str, Any]


class Unwell(Exception):
    """A part answers, but is not as it should be; the text says how."""


@blueprint.get("/health")
def show() -> Response:
    """Answer 200, or 503 when the database is silent: without it nothing works, without the others much does."""
    checks = {
        "database": _timed(_database, _DATABASE),
        "queue": _timed(_queue, _QUEUE),
        "worker": _timed(_worker, _QUEUE),
        "scheduler": _timed(_scheduler, _DATABASE),
        "mail": _kept("mail", _MAIL_KEPT_SECONDS, lambda: _timed(_mail, "the mail server does not answer")),
        "register": _timed(_register, _DATABASE),
    }
    down = checks["database"].get("reason") == _DATABASE
    status = "down" if down else "ok" if all(check["ok"] for check in checks.values()) else "degraded"
    response: Response = jsonify({"status": status, "checks": checks})
    response.status_code = 503 if down else 200
    response.headers["Cache-Control"] = "no-store"
    return response


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


def _worker() -> Check:
    connection = part("valkey")
    workers = [Worker.count(queue=queue(name, connection)) for name in QUEUES]
    if not all(workers):
        raise Unwell(f"no worker is running for {QUEUES[workers.index(0)]}")
    return {"workers": max(workers)}


def _scheduler() -> Check:
    silence = health.scheduler_silence()
    if silence is None:
        raise Unwell("the scheduler has never run")
    if silence > health.SCHEDULER_SILENT:
        raise Unwell(f"the scheduler has been silent for {int(silence.total_seconds())} seconds")
    return {"silent_seconds": round(silence.total_seconds(), 1)}


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
    if not found or not found["ok"] or time.monotonic() - asked_at > seconds:
        kept[name] = (time.monotonic(), ask())
    return kept[name][1]


def _let_go() -> None:
    try:
        events.forget()
    except SQLAlchemyError as error:
        logs.event(log, "health.rollback_failed", logging.WARNING, error=type(error).__name__)
