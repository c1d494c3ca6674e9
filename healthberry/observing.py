"""Errors to Sentry and traces by OpenTelemetry, where settings ask for them; names, ids and times alone leave.

Both come with the extra `observe`. The usual instrumentation would send addresses with what people searched for, form
fields and local variables with what patients wrote: here nothing is sent but what this file names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from healthberry import logs
from healthberry.settings import Settings, SettingsError

_MISSING = "{name} needs the extra packages: pip install healthberry[observe]"
_tracer: dict[str, Any] = {}


def start(settings: Settings) -> None:
    """Begin to report, in this process, to whatever the settings name. Raises: SettingsError without the packages."""
    if settings.sentry_dsn:
        _start_sentry(settings.sentry_dsn)
    if settings.otel_endpoint:
        _start_traces(settings.otel_endpoint)


@contextmanager
def span(name: str, **facts: str) -> Iterator[Any]:
    """Trace what happens within, as `name` with a few facts, where traces are on; what is yielded takes more facts."""
    if "tracer" not in _tracer:
        yield None
        return
    with _tracer["tracer"].start_as_current_span(name, attributes=facts, record_exception=False) as started:
        yield started


def _start_sentry(dsn: str) -> None:
    try:
        import sentry_sdk
        from sentry_sdk.integrations.logging import LoggingIntegration
    except ImportError as error:
        raise SettingsError([_MISSING.format(name="SENTRY_DSN")]) from error
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        default_integrations=False,
        integrations=[LoggingIntegration(level=None)],
        before_send=_stripped,
    )


def _stripped(event: Any, hint: Any) -> Any:
    """Leave of an error where it was, of what class, and the ids of the request or job; no message, no request."""
    for name in ("request", "user", "extra", "breadcrumbs", "modules", "server_name"):
        event.pop(name, None)
    for one in event.get("exception", {}).get("values", ()):
        one["value"] = ""
    event["tags"] = {name: str(value) for name, value in logs.known().items() if value is not None}
    return event


def _start_traces(endpoint: str) -> None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError([_MISSING.format(name="OTEL_ENDPOINT")]) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "healthberry"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    _tracer.update(tracer=provider.get_tracer("healthberry"), provider=provider)


def flush() -> None:
    """Send what waits: a worker's process ends with its job."""
    if "provider" in _tracer:
        _tracer["provider"].force_flush(2_000)
