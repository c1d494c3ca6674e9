"""One organisation with 200,000 conversations, for the benchmark of its list."""

import random
import uuid
from datetime import timedelta
from itertools import accumulate

import psycopg

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

CONVERSATIONS = 200_000
COMMON = ["staff", "nurse", "waiting", "appointment", "doctor", "ward", "kind", "parking", "phone", "clean"]


def organisation() -> tuple[Organisation, Member]:
    """Make the organisation with its three channels, and its administrator; both are committed."""
    made = Organisation(name="Bench NHS Trust", kind="trust", ods_code="RBB", discover_next_at=None)
    db.session.add(made)
    db.session.commit()
    scope.enter(made.id)
    member = Member(organisation_id=made.id, email="a@b.example", name="Ada", role="administrator", level=2)
    channels = [
        Channel(organisation_id=made.id, kind=kind, remote_id=kind, label=kind, url="", backfill_state="done")
        for kind in ("nhsuk", "careopinion", "x")
    ]
    db.session.add_all([member, *channels])
    db.session.commit()
    return made, member


def fill(superuser_url: str, organisation_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """Write conversations, messages and words by COPY; every tenth is open, one in fifty unread."""
    rng = random.Random(1)
    vocabulary = COMMON + [f"word{number}" for number in range(20_000)]
    weights = list(accumulate([400.0] * len(COMMON) + [1.0] * 20_000))
    began = now() - timedelta(days=700)
    with psycopg.connect(superuser_url) as connection:  # COPY refuses tables with row-level security to anybody else
        channels = connection.execute("SELECT id, kind FROM channels ORDER BY kind").fetchall()
        ids = [uuid.uuid4() for _ in range(CONVERSATIONS)]
        words = [" ".join(rng.choices(vocabulary, cum_weights=weights, k=rng.randint(12, 50))) for _ in ids]
        columns = (
            "organisation_id, id, channel_id, channel_kind, remote_thread_id, screen_name, title, first_words, status,"
            " historic, withdrawn, replied, version, started_at, last_activity_at, arrived_at, service_code,"
            " service_name, assignee_id, copy_parted, also_on"
        )
        with connection.cursor().copy(f"COPY conversations ({columns}) FROM STDIN") as copy:
            for number, conversation_id in enumerate(ids):
                channel_id, kind = channels[number % 3]
                moment = began + timedelta(seconds=300 * number)
                site = f"RBB{number % 40:02}"
                copy.write_row(
                    (
                        organisation_id,
                        conversation_id,
                        channel_id,
                        kind,
                        str(number),
                        "Marigold",
                        words[number][:60],
                        words[number][:200],
                        "open" if number % 10 == 0 else "closed",
                        True,
                        False,
                        True,
                        1,
                        moment,
                        moment,
                        moment,
                        site,
                        f"Site {site}",
                        member_id if number % 1000 == 0 else None,
                        False,
                        [],
                    )
                )
        columns = (
            "organisation_id, id, conversation_id, channel_id, remote_id, direction, screen_name, title, text, ratings,"
            " attachments, source, historic, posted_at, received_at"
        )
        with connection.cursor().copy(f"COPY messages ({columns}) FROM STDIN") as copy:
            for number, conversation_id in enumerate(ids):
                moment = began + timedelta(seconds=300 * number)
                copy.write_row(
                    (
                        organisation_id,
                        uuid.uuid4(),
                        conversation_id,
                        channels[number % 3][0],
                        str(number),
                        "inbound",
                        "Marigold",
                        "",
                        words[number],
                        "[]",
                        "[]",
                        "{}",
                        True,
                        moment,
                        moment,
                    )
                )
        connection.execute(
            "INSERT INTO search_texts SELECT organisation_id, conversation_id, to_tsvector('english', text)"
            " FROM messages"
        )
        connection.execute(
            "INSERT INTO unread SELECT organisation_id, %s, id FROM conversations"
            " WHERE right(remote_thread_id, 2) = '50'",
            (member_id,),
        )
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
