"""What anybody may read about their data, and the documents that administrators take away."""

import re
from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from healthberry import blueprints
from healthberry.blueprints.documents import DOCUMENTS
from healthberry.blueprints.installed import cookies, facts
from healthberry.core import organisations, scope, second_step
from healthberry.extensions import db
from tests.world import World


def test_every_page_leads_to_privacy_cookies_accessibility_and_rights(client: FlaskClient, world: World) -> None:
    pages = [client.get(path).text for path in ("/", "/signin", "/rights", "/cookies", "/nowhere")]
    world.signed_in(client, world.member(world.organisation()))
    scope.leave()
    pages.append(client.get("/settings").text)

    for page in pages:
        for path in ("/privacy", "/cookies", "/accessibility", "/rights"):
            assert f'href="{path}"' in page


def test_the_cookie_notice_names_every_cookie_that_is_set(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        told = {one.name for one in cookies()}
    # The only places that set any: Flask's session, and these.
    source = Path(blueprints.__path__[0])
    setting = [file.name for file in sorted(source.rglob("*.py")) if "set_cookie(" in file.read_text()]
    given = {
        cookie.partition("=")[0]
        for path in ("/", "/signin", "/rights", "/signup")
        for cookie in client.get(path).headers.getlist("Set-Cookie")
    }

    assert setting == ["devices.py", "known_browsers.py", "openid_kept.py"]
    assert given <= told
    assert told == {"healthberry", "healthberry-device", "healthberry-known", "healthberry-account"}
    page = client.get("/cookies").text
    assert all(f"<code>{name}</code>" in page for name in told)


def test_the_privacy_notice_says_who_else_gets_data(app: Flask, client: FlaskClient) -> None:
    plain = client.get("/privacy").text
    assert "A mail server on the same machine" in plain
    assert "No reports of errors leave" in plain

    settings = replace(
        app.extensions["settings"],
        mail_url="smtp+starttls://u:secret-word@smtp.office365.com",
        sentry_dsn="https://key@sentry.example/1",
    )
    app.extensions["settings"] = settings
    page = client.get("/privacy").text
    assert "Microsoft 365" in page
    assert "are sent to Sentry" in page
    assert not any(words in page for words in ("secret-word", "sentry.example", "office365"))


def test_each_document_is_filled_with_what_holds_now(app: Flask, client: FlaskClient, world: World) -> None:
    organisation = world.organisation(name="Cedar <b>Surgery</b>")
    member = world.member(organisation)
    world.member(organisation, role="responder")
    world.channel(organisation, "bluesky", label="Cedar on Bluesky")
    second_step.want_from_everybody(member, True)
    organisations.keep(organisation.id, dpo_name="Ada Day", dpo_email="dpo@cedar.nhs.uk")
    db.session.commit()
    world.signed_in(client, member)
    scope.leave()

    assert client.get("/settings/documents").text.count("/file") == len(DOCUMENTS) == 8
    files = {}
    for name in DOCUMENTS:
        page, file = client.get(f"/settings/documents/{name}"), client.get(f"/settings/documents/{name}/file")
        assert (page.status_code, file.status_code) == (200, 200)
        assert file.headers["Content-Disposition"] == f'attachment; filename="{name}.html"'
        assert "Cedar &lt;b&gt;Surgery" in file.text
        assert "<b>Surgery" not in file.text
        files[name] = re.sub(r"\s+", " ", file.text)
    for name in ("record-of-processing", "dpia", "privacy-notice", "dtac", "dspt"):
        assert "dpo@cedar.nhs.uk" in files[name]
    for name in ("record-of-processing", "dpia", "privacy-notice"):
        assert "Cedar on Bluesky" in files[name]
        assert "2 years" in files[name]
    assert "Administrator (1)" in files["dspt"]
    assert "Responder (1)" in files["dspt"]
    assert "For everybody" in files["dspt"]
    assert f"/rights/{organisation.id}" in files["privacy-notice"]
    for hazard in ("crisis", "wrong organisation", "discloses identity", "label hides", "e-mail is lost", "old feed"):
        assert hazard in files["hazard-log"]
    with app.test_request_context():
        assert facts().version in files["dtac"]
    assert client.get("/settings/documents/nonsense").status_code == 404
