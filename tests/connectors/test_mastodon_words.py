"""Words on Mastodon: read from HTML, counted, and compared."""

from datetime import UTC, datetime, timedelta

import pytest

from healthberry.connectors.mastodon_words import comparable, length, plain


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("&lt;b&gt; &amp;amp; it&#39;s", "<b> &amp; it's"),
        ('<a href="https://a.example/very/long"><span class="invisible">https://</span>a.example/very…</a>',
         "https://a.example/very/long"),
        ('<a href="https://a.example/x">our site</a>', "our site (https://a.example/x)"),
        ('<a href="javascript:alert(1)">press</a>', "press"),
        ("<ul><li>one</li><li>two</li></ul>", "* one\n* two"),
        ("a<script>alert(1)</script>b<!-- c -->", "ab"),
        ("<p>one<a href='https://x.example'>two", "onetwo (https://x.example)"),
        ("5 < 6 > 4", "5 < 6 > 4"),
    ],
)  # fmt: skip
def test_html_becomes_words(html: str, words: str) -> None:
    assert plain(html) == words


@pytest.mark.parametrize("piece", ["<b>", "<a href='https://x.example'>", "<!--", "<a ", "<script>", "</", "&", "<br>"])
def test_html_of_any_making_is_read_in_a_moment(piece: str) -> None:
    before = datetime.now(UTC)
    plain(piece * 50_000)
    assert datetime.now(UTC) - before < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Thank you", 9),
        ("https://www.nhs.uk/a/very/long/address/indeed", 23),
        ("@sam@other.example hi", 7),
        ("👩‍⚕️é", 2),
        ("See https://a.example/x.", 28),
    ],
)
def test_letters_are_counted_as_mastodon_counts_them(text: str, counted: int) -> None:
    assert length(text) == counted


def test_words_are_compared_without_names_and_the_looks_of_addresses() -> None:
    assert comparable("@sam@other.example Hi  there, https://a.example/x.") == comparable(
        "Hi there, https://b.example/y."
    )
    assert comparable("Hi there") != comparable("Hi, there")
