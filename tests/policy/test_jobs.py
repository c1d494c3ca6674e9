"""Jobs: each is itself, whatever another module calls its own."""

import pytest

from healthberry.jobs import keeping, maintenance
from healthberry.jobs.base import job


def test_two_jobs_of_one_kind_are_refused() -> None:
    with pytest.raises(RuntimeError, match="'poll'"):

        @job("ingest")
        def poll(organisation: str) -> None:
            """Do nothing."""


def test_erasing_a_channel_and_erasing_an_authors_words_are_two_jobs() -> None:
    assert maintenance.erase.kind != keeping.erase.kind
