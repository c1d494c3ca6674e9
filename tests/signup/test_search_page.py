"""The first page: the list as a part and as a page, and what closed providers lead to."""

from tests.signup.newcomer import Newcomer


def test_the_list_is_a_part_with_one_root_and_the_page_holds_the_same(newcomer: Newcomer) -> None:
    part = newcomer.client.get("/signup/providers?q=quillbury").text.strip()
    page = newcomer.client.get("/signup?q=quillbury").text

    assert part.startswith('<ul class="options" id="hits"')
    assert part.endswith("</ul>")
    for words in ("Quillbury Hospitals NHS Trust", "NHS trust", "QB1 1AA", "GP practice", "/signup/you?ods=ZT1"):
        assert words in part
        assert words in page


def test_a_closed_provider_leads_to_who_took_over(newcomer: Newcomer) -> None:
    part = newcomer.client.get("/signup/providers?q=old+quillbury").text

    assert "Closed 2024, now part of" in part
    assert 'href="/signup/you?ods=ZT1">Quillbury Hospitals NHS Trust</a>' in part
    assert '<span class="pill pill--plain">NHS trust</span>' in part
    assert "ods=ZT2" not in part


def test_nobody_signs_up_for_a_closed_or_unknown_provider(newcomer: Newcomer) -> None:
    for code, sentence in (("ZT2", "has closed"), ("NOPE", "do not know this organisation"), ("zt1", "")):
        page = newcomer.client.get(f"/signup/you?ods={code}")
        assert page.status_code == (422 if sentence else 200)
        assert sentence in page.text


def test_nothing_found_and_nothing_typed_say_so(newcomer: Newcomer) -> None:
    assert "Nothing found for “zzzqqq”" in newcomer.client.get("/signup/providers?q=zzzqqq").text
    assert "Enter a name, town, postcode or ODS code" in newcomer.client.get("/signup?q=").text
    assert "<li" not in newcomer.client.get("/signup/providers?q=").text


def test_what_was_searched_is_shown_as_text(newcomer: Newcomer) -> None:
    page = newcomer.client.get("/signup", query_string={"q": "<b onmouseover=alert(1)>"}).text

    assert "<b onmouseover" not in page
    assert "&lt;b onmouseover" in page
