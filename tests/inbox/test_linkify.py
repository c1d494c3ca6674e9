"""What authors wrote becomes paragraphs and links, and nothing else."""

import time

import pytest

from healthberry.blueprints.linkify import linkify

REL = 'rel="nofollow noopener noreferrer ugc" target="_blank"'


def test_html_in_a_text_stays_text() -> None:
    assert linkify("<script>alert(1)</script> & co") == (
        '<p dir="auto">&lt;script&gt;alert(1)&lt;/script&gt; &amp; co</p>'
    )


def test_paragraphs_and_line_breaks_are_kept() -> None:
    assert linkify("One\ntwo\n\n \nThree\n") == '<p dir="auto">One<br>two</p>\n<p dir="auto">Three</p>'


def test_an_address_becomes_a_link_that_tells_the_other_side_nothing() -> None:
    expected = f'<a href="https://example.org/a?b=1&amp;c=2" {REL}>https://example.org/a?b=1&amp;c=2</a>'
    assert expected in linkify("see https://example.org/a?b=1&c=2")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("See https://example.org/a.", "https://example.org/a"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://example.org/a_(b)", "https://example.org/a_(b)"),
        ("“https://example.org”", "https://example.org"),
        ("HTTPS://EXAMPLE.ORG/x!", "HTTPS://EXAMPLE.ORG/x"),
    ],
)
def test_the_sentence_around_an_address_is_no_part_of_it(text: str, address: str) -> None:
    assert f'href="{address}"' in linkify(text)


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,hi",
        "www.example.org",
        "me@example.org",
        "https://",
        "http://user@evil.example/",
        "http://[::1",
    ],
)
def test_nothing_but_http_addresses_of_a_host_become_links(text: str) -> None:
    assert "<a" not in linkify(text)


def test_quotes_cannot_leave_the_attribute() -> None:
    found = linkify("https://example.org/\"onmouseover=alert(1) https://example.org/'x")
    assert found.count('href="https://example.org/"') == 2
    assert "onmouseover=alert(1)" in found
    assert '"onmouseover' not in found


def test_marks_that_turn_the_direction_of_writing_end_an_address() -> None:
    assert 'href="https://example.org/a"' in linkify("https://example.org/a\u202egpj.exe")


def test_no_words_are_no_paragraphs() -> None:
    assert linkify(" \n \n") == ""


def test_a_hostile_text_of_100_000_characters_takes_no_time() -> None:
    texts = ["https://" + "a." * 50_000, "https://x/" + ")" * 100_000, "https://a " * 10_000, "\n " * 50_000]
    began = time.thread_time()
    for text in texts:
        linkify(text)
    assert time.thread_time() - began < 2
