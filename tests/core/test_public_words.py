"""What of words is shown on a public page: without names that are known, and not at all where one may be left."""

from healthberry.core.guarding import own
from healthberry.core.public_words import shown

OWN = own(name="Cedar Surgery", contacts=["020 7946 0000"])
ANSWERS = {
    "Dear jasmine45\n\nThank you.": "Dear [name]\n\nThank you.",
    "Hello Jo and family, we are sorry.": "Hello [name], we are sorry.",
    "Good morning @otter!": "Good morning [name]!",
    "Hi there, thank you.": "Hi there, thank you.",
    "Thank you again for taking the time to write to us.": "Thank you again for taking the time to write to us.",
    "Hello, and thank you very much.": "Hello, and thank you very much.",
    "Dear all of you who wrote to us, thank you.": "Dear all of you who wrote to us, thank you.",
    "We thank Silver Birch, and SILVER BIRCH knows.": "We thank [name], and [name] knows.",
    "Please ring 020 7946 0000.": "Please ring 020 7946 0000.",
    "We thank you, Silver.": None,
    "Please ring 07700 900123.": None,
    "As our patient you were seen on 3 May at 10:00.": None,
}
THEIRS = {
    "I was a patient for years.": "I was a patient for years.",
    "The silver birches are lovely.": "The silver birches are lovely.",
    "Dear Cedar Surgery, thank you.": "Dear Cedar Surgery, thank you.",
    "Write to me at silver@birch.example.": None,
    "Mrs Lee was rude.": None,
}


def test_names_that_are_known_are_replaced_and_whatever_else_is_found_withholds_the_whole() -> None:
    assert {text: shown(text, "Silver Birch", OWN, ours=True) for text in ANSWERS} == ANSWERS
    assert {text: shown(text, "Silver Birch", OWN) for text in THEIRS} == THEIRS


def test_who_is_called_anonymous_has_no_name_to_be_left_out() -> None:
    assert shown("I want to stay anonymous.", "Anonymous", OWN) == "I want to stay anonymous."
