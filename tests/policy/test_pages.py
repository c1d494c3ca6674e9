"""Pages: what their headers allow, how they refuse, and the shape of every template."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

import healthberry
from healthberry import create_app
from healthberry.blueprints import moments
from healthberry.core import scope
from healthberry.local.postgres import LocalPostgres
from tests.world import World

TEMPLATES = Path(healthberry.__file__).parent / "templates"
SOURCES = Path(healthberry.__file__).parent / "static" / "src"
OWN = [file for file in sorted(TEMPLATES.rglob("*.html")) if "mail" not in file.relative_to(TEMPLATES).parts]


def name(file: Path) -> str:
    """Return the template's name."""
    return file.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", ["/", "/signup", "/signin", "/help", "/accessibility", "/privacy", "/nowhere"])
def test_every_page_lets_only_its_own_scripts_run_and_nobody_frame_it(client: FlaskClient, path: str) -> None:
    first, second = client.get(path), client.get(path)

    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] == "same-origin"
    nonces = [
        re.search(r"script-src 'nonce-([^']+)'", one.headers["Content-Security-Policy"]) for one in (first, second)
    ]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    scripts = re.findall(r"<script\b[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonces[0][1]}"' in script and " src=" in script for script in scripts)
    assert len(re.findall(r"<h1\b", first.text)) == 1
    assert "HealthBerry is independent of the NHS" in first.text


def test_pages_of_a_member_are_kept_by_nobody_and_assets_for_ever(client: FlaskClient, world: World) -> None:
    world.signed_in(client, world.member(world.organisation()))
    scope.leave()
    page = client.get("/settings")
    assert page.headers["Cache-Control"] == "no-store"

    (sheet,) = re.findall(r'href="(/static/dist/app\.[^"]+\.css)"', page.text)
    asset = client.get(sheet)
    assert asset.status_code == 200
    assert "immutable" in asset.headers["Cache-Control"]
    asset.close()


def test_a_simulated_installation_says_so_on_every_page(client: FlaskClient, app: Flask) -> None:
    assert "channels are simulated" not in client.get("/").text
    app.extensions["settings"] = replace(app.extensions["settings"], sandbox_url="http://127.0.0.1:9999")
    for path in ("/", "/signup", "/nowhere"):
        page = client.get(path).text
        assert "channels are simulated" in page
        assert 'href="http://127.0.0.1:9999"' in page


def test_a_refusal_is_a_page_for_a_browser_and_a_notice_for_htmx(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "Nothing is here" in page.text

    part = client.get("/nowhere", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Retarget"]) == (404, "#notice")
    assert "<html" not in part.text


def test_a_form_without_its_token_is_refused_with_a_sentence(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    answer = app.test_client().post("/signin", data={"email": "a@example.org"})

    assert answer.status_code == 400
    assert "open for too long" in answer.text


def test_a_fault_of_ours_shows_a_sentence_and_no_stack(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("secret words")

    answer = app.test_client().get("/broken")

    assert answer.status_code == 500
    assert "went wrong on our side" in answer.text
    assert "secret words" not in answer.text
    assert "request.failed" in caplog.text


def test_without_its_database_pages_say_so_and_health_is_down(app: Flask, postgres: LocalPostgres) -> None:
    nowhere = postgres.app_url.replace("host=", "host=%2Fnowhere&x=").split("&x=")[0]
    gone = create_app(replace(app.extensions["settings"], database_url=nowhere))
    client = gone.test_client()

    page = client.get("/signup")
    assert page.status_code == 503
    assert "cannot reach our records" in page.text
    assert page.headers["Retry-After"]
    health = client.get("/health")
    assert (health.status_code, health.get_json()["status"]) == (503, "down")
    assert health.get_json()["checks"]["database"] == {"ok": False, "reason": "the database does not answer"}
    assert health.get_json()["checks"]["queue"]["ok"]
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("part", [{}, {"HX-Request": "true"}])
def test_without_its_database_whoever_is_signed_in_is_told_so_and_stays_signed_in(
    app: Flask, postgres: LocalPostgres, part: dict[str, str]
) -> None:
    nowhere = postgres.app_url.replace("host=", "host=%2Fnowhere&x=").split("&x=")[0]
    client = create_app(replace(app.extensions["settings"], database_url=nowhere)).test_client()
    with client.session_transaction() as session:
        session["_user_id"] = f"{UUID(int=1)}:{UUID(int=2)}"

    page = client.get("/inbox", headers=part)

    assert page.status_code == 503
    assert page.headers["Retry-After"]
    with client.session_transaction() as session:
        assert session["_user_id"]


def test_health_names_each_part_and_what_is_wrong_with_it(client: FlaskClient) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "degraded"
    checks = answer.get_json()["checks"]
    assert set(checks) == {"database", "queue", "worker", "sender", "scheduler", "sweep", "mail", "register"}
    assert all("seconds" in one if one["ok"] else one["reason"] for one in checks.values())
    assert checks["database"]["ok"]
    assert checks["queue"]["ok"]
    assert checks["mail"]["ok"]
    assert checks["worker"]["reason"] == "no worker that reads channels has ever run"
    assert checks["sender"]["reason"] == "no worker that sends replies and alerts has ever run"
    assert checks["scheduler"]["reason"] == "the scheduler has never run"


@pytest.mark.parametrize("file", OWN, ids=name)
def test_every_template_says_what_it_is_and_carries_no_handler_or_style(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("{#"), "its first line says what it is and lists its variables"
    assert not re.search(r"<[^>]+\son[a-z]+=", text), "handlers stand in scripts"
    assert not re.search(r"<[^>]+\sstyle=", text), "the policy allows no style in a page"
    assert "<style" not in text
    assert not re.search(r"hx-on|js:", text), "the policy allows no evaluated code"
    assert not re.search(r"\|\s*safe\b", text), "what people write stays escaped"


def test_every_icon_in_use_is_built() -> None:
    built = set((SOURCES / "icons.txt").read_text().split())
    used = {icon for file in OWN for icon in re.findall(r"\bicon\(\"([a-z0-9-]+)\"", file.read_text())}
    assert used - built == set()


def test_no_form_that_posts_forgets_its_token() -> None:
    without = []
    for file in OWN:
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", file.read_text(), re.DOTALL):
            if (
                "csrf_token" not in form and "proof()" not in form and "unsubscribe.change" not in form
            ):  # its link is its own proof
                without.append(name(file))
    assert without == []


NOON = datetime(2027, 5, 12, 11, 0, tzinfo=UTC)  # a Wednesday, 12:00 in London


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=10), "Now"),
        (timedelta(minutes=4), "4 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=13), "Yesterday"),
        (timedelta(days=4), "Sat"),
        (timedelta(days=9), "3 May"),
        (timedelta(days=400), "7 Apr 2026"),
        (timedelta(hours=-2), "Now"),
    ],
)
def test_times_are_relative_up_to_a_week_and_then_dates_in_london(age: timedelta, words: str) -> None:
    assert moments.relative(NOON - age, NOON) == words
    assert "Wednesday 12 May 2027, 12:00" in moments.moment(NOON)
    assert 'datetime="2027-05-12T11:00:00+00:00"' in moments.moment(NOON)


def test_the_palette_keeps_away_from_what_belongs_to_the_nhs() -> None:
    sheets = " ".join(file.read_text().lower() for file in SOURCES.rglob("*.scss"))
    assert "#005eb8" not in sheets
    assert "frutiger" not in sheets
    assert "components/header" not in sheets
