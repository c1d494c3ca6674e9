"""/metrics: figures for programs, none of a person, for whoever shows the token."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from healthberry import meter
from healthberry.blueprints.metrics import GAUGES
from healthberry.core import scope
from healthberry.extensions import part
from healthberry.settings import Settings
from tests.policy.test_settings import ROOT
from tests.world import World

TOKEN = "only-for-tests-of-metrics-" + "m" * 16
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, metrics_token=TOKEN)


def read(client: FlaskClient) -> dict[str, dict[tuple[str, ...], float]]:
    answer = client.get("/metrics", headers=SHOWN)
    assert answer.status_code == 200
    return {sample.name: {} for family in text_string_to_metric_families(answer.text) for sample in family.samples} | {
        name: {
            tuple(value for label, value in sorted(sample.labels.items()) if label != "le"): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name == name
        }
        for name in {sample.name for family in text_string_to_metric_families(answer.text) for sample in family.samples}
    }


def test_the_figures_say_what_is_linked_and_what_waits(client: FlaskClient, app: Flask, world: World) -> None:
    channel = world.channel(world.organisation(), "nhsuk")
    world.member(world.organisation())
    world.arrives(channel, world.item())
    scope.leave()

    figures = read(client)

    assert figures["healthberry_organisations"][()] == 2
    assert figures["healthberry_channels"]["nhsuk", "active"] == 1
    assert figures["healthberry_database_bytes"][()] > 1_000_000
    assert figures["healthberry_queue_up"][()] == 1


def test_requests_are_counted_by_route_and_never_by_address(client: FlaskClient, app: Flask, world: World) -> None:
    with app.app_context():
        part("valkey").delete(meter.SUMS)
    client.get("/health")
    client.get("/conversations/0198a6a0-7c3e-7bb1-8a5e-1f2f3a5b0001?q=Mrs+Smith")

    text = client.get("/metrics", headers=SHOWN).text
    figures = read(client)

    assert figures["healthberry_http_requests_total"]["GET", "health.show", "200"] == 1
    assert figures["healthberry_http_request_seconds_count"][("health.show",)] == 1
    assert "Smith" not in text
    assert "0198a6a0" not in text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}, {"Authorization": "Bearer é"}])
def test_without_the_token_there_is_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/metrics", headers=headers).status_code == 404


def test_without_the_setting_there_is_nothing(client: FlaskClient, app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = replace(settings, metrics_token=None)
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_every_name_is_explained_in_the_documentation_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `(healthberry_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    counted = {f"healthberry_{name}" + ("" if one.buckets else "_total") for name, one in meter.FAMILIES.items()}
    own = {"healthberry_queue_up", "healthberry_queue_jobs"}
    assert documented == {f"healthberry_{name}" for name in GAUGES} | counted | own
