"""What nobody asks: cards in a box, the export of a survey, and Google+ as it was."""

import csv
import io
import json
import zipfile

import httpx

from tests.sandbox_server import Sandbox


def test_a_card_stands_on_the_page_of_its_box(sandbox: Sandbox) -> None:
    sandbox.post("paper", "The kettle in the waiting room is broken.", ods_code="RYJ", rating=2)

    assert "The kettle in the waiting room" in httpx.get(f"{sandbox.url}/organisations/RYJ").text


def test_the_survey_gives_out_its_comments_in_the_spellings_that_suppliers_have(sandbox: Sandbox) -> None:
    first = sandbox.post("fft", "=Very kind", ods_code="RYJ", rating=5, posted_at="2026-05-03T10:00:00Z")
    sandbox.post("fft", "Too long a wait", ods_code="RYJ", rating=1, posted_at="2026-05-14T10:00:00Z")

    words = _rows(sandbox, "/fft/RYJ/export.csv")
    numbers = _rows(sandbox, "/fft/RYJ/export.csv?ids=no&answers=numbers")

    assert words[1] == [first, "03/05/2026", "Very good", "=Very kind"]
    assert numbers[1:] == [["03/05/2026", "1", "=Very kind"], ["14/05/2026", "5", "Too long a wait"]]
    assert httpx.get(f"{sandbox.url}/fft/!/export.csv").status_code == 404


def test_google_plus_lists_posts_and_comments_as_its_api_did(sandbox: Sandbox) -> None:
    sandbox.post("google_plus", "Where do I <park>?", handle="trust", posted_at="2014-03-05T10:00:00Z")
    sandbox.post("google_plus", "And when?", handle="trust", posted_at="2014-04-05T10:00:00Z")
    root = f"{sandbox.url}/google_plus/plus/v1"

    feed = httpx.get(f"{root}/people/trust/activities/public").json()
    newest, oldest = feed["items"]
    comments = httpx.get(f"{root}/activities/{oldest['id']}/comments").json()["items"]
    last = httpx.get(f"{root}/people/trust/activities/public", params={"pageToken": feed["nextPageToken"]}).json()

    assert newest["published"].startswith("2014-04")
    assert [one["object"]["content"] for one in comments] == ["Where do I &lt;park&gt;?"]
    assert comments[0]["inReplyTo"] == [{"id": oldest["id"]}]
    assert last["items"] == []
    assert last["nextPageToken"], "the end still carries a token"
    assert httpx.get(f"{root}/people/!/activities/public").status_code == 404
    assert httpx.get(f"{root}/people/trust/activities/public?pageToken=x").status_code == 400
    assert httpx.get(f"{root}/activities/z12trust.209901/comments").status_code == 404


def test_takeout_gives_out_one_file_a_post_in_the_form_that_was_chosen(sandbox: Sandbox) -> None:
    sandbox.post("google_plus", "Where do I park?", handle="trust", posted_at="2014-03-05T10:00:00Z")

    for form, ending in (("json", ".json"), ("html", ".html")):
        content = httpx.get(f"{sandbox.url}/google_plus/takeout/trust.zip?format={form}").content
        archive = zipfile.ZipFile(io.BytesIO(content))
        (name,) = [one for one in archive.namelist() if "/Posts/" in one]
        assert name.endswith(ending)
        text = archive.read(name).decode()
        assert "Where do I park?" in text
        if form == "json":
            post = json.loads(text)
            assert post["comments"][0]["creationTime"] == "2014-03-05 10:00:00+0000"
            assert post["postAcl"]["isPublic"] is True


def _rows(sandbox: Sandbox, path: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(httpx.get(sandbox.url + path).content.decode("utf-8-sig"))))
