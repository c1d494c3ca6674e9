"""What is installed is pinned, by content, and the lock files say of no machine where it comes from."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")


def npm_packages() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    return {path: package for path, package in found.items() if path}


@pytest.mark.parametrize("name", PYTHON)
def test_every_python_package_has_one_version_and_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    pattern = r"[a-z0-9-]+==\S+( ; [^-]+?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert [line for line in lines if not re.fullmatch(pattern, line)] == []


@pytest.mark.parametrize("name", PYTHON)
def test_no_python_lock_names_an_address_or_a_path(name: str) -> None:
    assert not re.search(r"://|--(index|extra|find|trusted)|^[./]| @ ", (ROOT / name).read_text(), re.MULTILINE)


def test_run_time_and_development_agree_on_every_version() -> None:
    pins = [dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in PYTHON[:2]]
    assert pins[0]
    assert pins[0].items() <= pins[1].items()


def test_every_npm_package_is_pinned_by_content_and_none_by_address() -> None:
    packages = npm_packages()
    assert len(packages) > 5
    assert [path for path, package in packages.items() if "integrity" not in package] == []
    assert [path for path, package in packages.items() if "resolved" in package] == []


def test_npm_is_asked_for_exact_versions() -> None:
    asked = json.loads((ROOT / "package.json").read_text())
    for name, version in {**asked["dependencies"], **asked["devDependencies"]}.items():
        assert npm_packages()[f"node_modules/{name}"]["version"] == version
