"""The dashboard and the alert rules name only figures that there are."""

import json
import re
from pathlib import Path

import pytest

from healthberry import meter
from healthberry.blueprints.metrics import GAUGES

ROOT = Path(__file__).resolve().parents[2]
OBSERVING = ROOT / "docs" / "observing"


def known() -> set[str]:
    names = {f"healthberry_{name}" for name in GAUGES} | {"healthberry_queue_up", "healthberry_queue_jobs"}
    for name, family in meter.FAMILIES.items():
        names |= {f"healthberry_{name}_bucket"} if family.buckets else {f"healthberry_{name}_total"}
    return names


@pytest.mark.parametrize("file", ["grafana.json", "alerts.yml"])
def test_every_figure_that_is_asked_for_exists(file: str) -> None:
    named = set(re.findall(r"healthberry_[a-z_]+", (OBSERVING / file).read_text(encoding="utf-8")))
    assert len(named) >= 10
    assert named - known() == set()


def test_the_dashboard_is_one_that_grafana_can_import() -> None:
    board = json.loads((OBSERVING / "grafana.json").read_text(encoding="utf-8"))
    assert board["title"] == "HealthBerry"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
