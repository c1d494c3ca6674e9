"""`GET /metrics`: figures for Prometheus, named in docs/metrics.md. No personal data; a token lets programs in."""

import hmac
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from healthberry import meter
from healthberry.blueprints import guard
from healthberry.core import events, installation
from healthberry.extensions import part
from healthberry.queues import QUEUES, queue

blueprint = Blueprint("metrics", __name__)

# Name in the figures -> help, names of the labels: a label of two words is two labels.
GAUGES = {
    "organisations": ("Organisations signed up", ()),
    "channels": ("Linked channels, by kind and state", ("kind", "state")),
    "channel_lag_seconds": ("Longest time since a channel of this kind was read with success", ("kind",)),
    "replies": ("Replies on their way, by state", ("state",)),
    "replies_oldest_seconds": ("Age of the oldest reply on its way", ()),
    "mails": ("E-mails in the outbox, by state", ("state",)),
    "mails_oldest_seconds": ("Age of the oldest e-mail in the outbox", ()),
    "mails_failed_day": ("E-mails given up in the last day", ()),
    "deliveries": ("Deliveries of providers not yet read", ()),
    "deliveries_oldest_seconds": ("Age of the oldest delivery not yet read", ()),
    "quarantined": ("Pieces that could not be read", ()),
    "quarantined_oldest_seconds": ("Age of the oldest piece that could not be read", ()),
    "due": ("Work that the database says is due, by kind", ("work",)),
    "beat_seconds": ("Time since a background process last said that it lives", ("process",)),
    "paid_reads": ("Paid reads this month, by kind of channel", ("kind",)),
    "database_bytes": ("Size of the database", ()),
    "table_bytes": ("Size of the largest tables with their indexes", ("table",)),
}


@blueprint.get("/metrics")
@guard.own_proof
def show() -> Response:
    """Answer with the figures; 404 without the token of METRICS_TOKEN, so that nobody learns that they are here."""
    token = part("settings").metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        abort(404)
    registry = CollectorRegistry()
    registry.register(_Everything())
    body = generate_latest(registry)
    return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


class _Everything(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from _gauges()
        valkey = part("valkey")
        up = GaugeMetricFamily("healthberry_queue_up", "Whether the queue answers")
        try:
            sizes = GaugeMetricFamily("healthberry_queue_jobs", "Jobs that wait, by queue", labels=["queue"])
            for name in QUEUES:
                sizes.add_metric([name], queue(name, part("valkey_jobs")).count)
            meter.flush(valkey, now=True)
            yield sizes
            yield from _sums(meter.sums(valkey))
            up.add_metric([], 1)
        except RedisError:
            up.add_metric([], 0)
        yield up


def _gauges() -> Iterator[Metric]:
    figures = installation.figures()
    events.commit()
    for name, (words, labels) in GAUGES.items():
        gauge = GaugeMetricFamily(f"healthberry_{name}", words, labels=labels)
        for label, value in figures.get(name, {}).items():
            gauge.add_metric(label.split(" ") if labels else [], value)
        yield gauge


def _sums(sums: Iterable[meter.Sum]) -> Iterator[Metric]:
    by_family: dict[str, dict[tuple[str, ...], dict[str, float]]] = {}
    for one in sums:
        by_family.setdefault(one.family.name, {}).setdefault(one.labels, {})[one.bound] = one.value
    for name, series in by_family.items():
        yield (
            _histogram(meter.FAMILIES[name], series)
            if meter.FAMILIES[name].buckets
            else _counter(meter.FAMILIES[name], series)
        )


def _counter(family: meter.Family, series: dict[tuple[str, ...], dict[str, float]]) -> Metric:
    counter = CounterMetricFamily(f"healthberry_{family.name}", family.help, labels=family.labels)
    for labels, values in series.items():
        counter.add_metric(labels, values.get("", 0.0))
    return counter


def _histogram(family: meter.Family, series: dict[tuple[str, ...], dict[str, float]]) -> Metric:
    histogram = HistogramMetricFamily(f"healthberry_{family.name}", family.help, labels=family.labels)
    for labels, values in series.items():
        buckets, total = [], 0.0
        for bound in (*map(str, family.buckets), "+Inf"):
            total += values.get(bound, 0.0)
            buckets.append((bound, total))
        histogram.add_metric(labels, buckets, values.get("sum", 0.0))
    return histogram
