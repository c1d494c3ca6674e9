"""What the sweep hands out."""

from healthberry.core.sweep import Due, one_mail_each


def test_of_the_mails_of_one_organisation_one_is_looked_for_and_all_else_stays() -> None:
    poll, first, second, other = (
        Due("poll", "a", "1"), Due("mail", "a", "2"), Due("mail", "a", "3"), Due("mail", "b", "4"),
    )  # fmt: skip
    handed = one_mail_each([poll, first, second, other])
    assert poll in handed
    assert other in handed
    assert sum(one in handed for one in (first, second)) == 1
    assert len(handed) == 3
