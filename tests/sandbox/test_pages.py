"""The pages where one acts as a patient or as staff."""

import re

import pytest

from tests.sandbox.conftest import Box


def test_the_front_page_lists_who_was_asked_for(box: Box) -> None:
    box.reviews(odsCode="RXX")
    box.told("x", "hello")
    page = box.client.get("/").text
    assert 'href="/organisations/RXX"' in page
    assert 'href="/x/ExampleTrust"' in page


@pytest.mark.parametrize(
    ("typed", "place"),
    [("rxx", "/organisations/RXX"), (" A81001 ", "/organisations/A81001"), ("@NewTrust", "/x/NewTrust")],
)
def test_an_organisation_is_chosen_by_code_or_handle(box: Box, typed: str, place: str) -> None:
    answer = box.client.post("/choose", data={"organisation": typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, place)
    assert box.client.get(place).status_code == 200


def test_nonsense_is_not_an_organisation(box: Box) -> None:
    assert box.client.post("/choose", data={"organisation": "<script>"}).status_code == 422


@pytest.mark.parametrize("channel", ["x", "nhsuk", "careopinion"])
def test_a_patient_writes_and_lands_on_the_public_page(box: Box, channel: str) -> None:
    place = "ExampleTrust" if channel == "x" else "RXX"
    form = {"place": place, "author": "Wren", "text": "All\r\nfine", "title": "Fine", "rating": "4"}
    assert box.client.get(f"/write/{channel}?place={place}").status_code == 200
    answer = box.client.post(f"/write/{channel}", data=form)
    assert answer.status_code == 303
    page = box.client.get(answer.headers["Location"])
    assert "All\nfine" in page.text
    mine = box.client.get("/mine?author=Wren").text
    assert "All\nfine" in mine
    assert "No answer yet" in mine


@pytest.mark.parametrize("missing", ["place", "text", "title", "rating"])
def test_what_is_missing_is_said_and_the_rest_is_kept(box: Box, missing: str) -> None:
    form = {"place": "RXX", "author": "Wren", "text": "All fine", "title": "Good visit", "rating": "4", missing: ""}
    answer = box.client.post("/write/nhsuk", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert ("Good visit" in answer.text) is (missing != "title")


def test_the_answer_appears_among_my_posts(box: Box) -> None:
    number = box.told("careopinion", "hello", author="Wren")
    box.set(careopinion_delay_seconds=30)
    box.client.post(f"/careopinion/{number}/responses", data={"text": "A careful answer"})
    assert "A careful answer" not in box.client.get("/mine?author=Wren").text
    box.set(clock_offset_seconds=31)
    assert re.search(r"(?s)answer.*A careful answer|Best wishes", box.client.get("/mine?author=Wren").text)


def test_staff_cannot_send_an_empty_response(box: Box) -> None:
    number = box.told("careopinion", "hello")
    assert box.client.post(f"/careopinion/{number}/responses", data={"text": " "}).status_code == 422
    assert box.client.post("/careopinion/99/responses", data={"text": "a"}).status_code == 404


def test_a_conversation_on_x_is_shown_whole_and_can_be_continued(box: Box) -> None:
    question = box.told("x", "hello?", author="asker")
    reply = box.tweet(box.sign_in()["access_token"], "hi", question).json["data"]["id"]
    page = box.client.get(f"/x/ExampleTrust/status/{reply}").text
    assert "hello?" in page
    assert f"in_reply_to={reply}" in page
    form = {"place": "ExampleTrust", "author": "asker", "text": "thanks", "in_reply_to": reply}
    answer = box.client.post("/write/x", data=form)
    assert "thanks" in box.client.get(answer.headers["Location"]).text
    assert box.seen("x", reply)["replies"][0]["text"] == "thanks"


def test_staff_can_reply_on_x_itself_even_where_the_api_refuses(box: Box) -> None:
    elsewhere = box.told("x", "hello?", handle="OtherTrust")
    box.sign_in("ExampleTrust")
    path = f"/x/a/status/{elsewhere}/reply"
    assert box.client.post(path, data={"text": "We can help", "organisation": "ExampleTrust"}).status_code == 303
    assert box.seen("x", elsewhere)["replies"][0]["text"] == "We can help"
    assert box.client.post(path, data={"text": " ", "organisation": "ExampleTrust"}).status_code == 422
    assert box.client.post(path, data={"text": "Hm", "organisation": "nobody"}).status_code == 422


def test_every_page_says_that_it_is_simulated_and_runs_no_script(box: Box) -> None:
    for path in ("/", "/write/x", "/careopinion/login", "/nowhere", "/x/nobody"):
        page = box.client.get(path)
        assert "Simulated." in page.text, path
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "<script" not in page.text


@pytest.mark.parametrize("channel", ["x", "nhsuk", "careopinion", "mine"])
def test_where_an_answer_appears_one_script_brings_it_and_a_link_does_without(box: Box, channel: str) -> None:
    if channel == "mine":
        box.told("x", "hello", author="Wren")
        path = "/mine?author=Wren"
    else:
        place = "ExampleTrust" if channel == "x" else "RXX"
        form = {"place": place, "author": "Wren", "text": "All fine", "title": "Fine", "rating": "4"}
        path = box.client.post(f"/write/{channel}", data=form).headers["Location"]
    page = box.client.get(path)
    (script,) = re.findall(r"<script.*?</script>", page.text, re.DOTALL)
    nonce = re.fullmatch(r'<script nonce="([\w-]{20,})" src="/assets/again\.js" defer></script>', script)
    assert nonce
    assert f"script-src 'nonce-{nonce[1]}'" in page.headers["Content-Security-Policy"]
    assert nonce[1] not in box.client.get(path).text
    link = re.search(r'<a href="([^"]+)">Look again</a>', page.text)
    assert link
    again = box.client.get(link[1])
    assert again.status_code == 200
    assert f'data-again="{link[1]}"' in again.text
    assert not re.search(r"data-again.*<(form|textarea).*Look again", page.text, re.DOTALL)


@pytest.mark.parametrize(
    "path", ["/x/2/nothing", "/careopinion/api/v2/nothing", "/nhsuk/comments/nothing", "/control/nothing"]
)
def test_an_unknown_address_of_an_api_is_answered_in_json(box: Box, path: str) -> None:
    answer = box.client.get(path)
    assert (answer.status_code, answer.is_json) == (404, True)
