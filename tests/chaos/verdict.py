"""What there is at the end, compared with what there should be: items, replies, alerts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.chaos.channels import Line
from tests.chaos.house import House
from tests.chaos.sink import Mail, mails
from tests.chaos.staff import Answer

_STORED = "SELECT remote_id, text FROM messages WHERE channel_id = %s AND direction = 'inbound'"
_REPLIES = """
SELECT r.text, r.state, r.reason, h.kind, m.remote_id
  FROM replies r JOIN messages m ON m.id = r.target_id JOIN channels h ON h.id = m.channel_id
 WHERE r.state <> 'cancelled'
"""
# Each new conversation that is no copy and no noise is told to each member who wants to be told: alone, or with others.
_UNTOLD = """
SELECT c.id FROM conversations c JOIN members p ON p.organisation_id = c.organisation_id AND p.wants_alerts
 WHERE NOT c.historic AND c.copy_of IS NULL AND c.status <> 'aside'
   AND NOT EXISTS (SELECT 1 FROM outbox_mails o WHERE o.organisation_id = c.organisation_id AND o.member_id = p.id
                      AND (o.conversation_id = c.id OR o.about IN (
                          SELECT x.about FROM mail_causes x
                           WHERE x.organisation_id = c.organisation_id AND x.conversation_id = c.id)))
"""
_MAILS = """
SELECT o.message_id, p.email, o.kind, o.state, o.reason, o.attempts, age(o.sent_at, o.queued_at), age(now(), o.sent_at)
  FROM outbox_mails o JOIN members p ON p.id = o.member_id
"""
_WAITING = """
SELECT (SELECT count(*) FROM deliveries) AS deliveries,
       (SELECT count(*) FROM channels WHERE backfill_state <> 'done') AS histories,
       (SELECT count(*) FROM replies WHERE state IN ('queued', 'sending', 'unknown') OR pending) AS replies,
       (SELECT count(*) FROM replies WHERE state = 'failed') AS failed,
       (SELECT count(*) FROM outbox_mails WHERE state IN ('queued', 'sending')) AS mails,
       (SELECT count(*) FROM failed_work) AS interrupted
"""
_UNREAD = """
SELECT c.kind, q.remote_id, q.reason, left(q.raw, 200) FROM quarantined_items q JOIN channels c ON c.id = q.channel_id
"""
_TROUBLES = """
SELECT kind || ' is ' || state || ': ' || trouble FROM channels WHERE trouble <> '' OR state = 'failing'
 UNION ALL SELECT 'a reply is ' || state || ': ' || reason FROM replies WHERE state IN ('failed', 'unknown')
 UNION ALL SELECT 'a mail waits: ' || reason FROM outbox_mails WHERE state IN ('queued', 'sending') AND reason <> ''
"""
_CUT_OFF = """
SELECT c.kind, count(*) FROM activities a JOIN channels c ON c.id = a.channel_id
 WHERE a.kind = 'channel_disconnected' GROUP BY 1
"""
_CREATED = 201
_DEATH_SECONDS = 15.0  # so soon before or after a mail a death may have kept us from noting that it was taken


@dataclass
class Verdict:
    """The figures of a run, and in `wrong` a sentence for each thing that is not as it should be."""

    served: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    replies: int = 0
    replies_lost: int = 0
    replies_doubled: int = 0
    alerts: int = 0
    alerts_again: int = 0
    quarantined: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def line(self, kills: int, seed: int) -> str:
        """Return the last line of a run."""
        return (
            f"served {self.served}, stored {self.stored}, lost {self.lost}, doubled {self.doubled}, "
            f"replies {self.replies}, lost {self.replies_lost}, doubled {self.replies_doubled}, "
            f"kills {kills}, seed {seed}"
        )


def waiting(house: House) -> Mapping[str, int]:
    """Return how much is still to be done, of each sort. Raises: psycopg.OperationalError."""
    with house.connect() as connection:
        cursor = connection.execute(_WAITING)
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


def troubles(house: House) -> Mapping[str, int]:
    """Return what the product itself says of what does not go on, and how often. Raises: psycopg.OperationalError."""
    with house.connect() as connection:
        return Counter(row[0] for row in connection.execute(_TROUBLES))


def missing(house: House, lines: Sequence[Line]) -> dict[str, int]:
    """Return of each channel how many of the served items are not stored yet."""
    found = {}
    with house.connect() as connection:
        for line in lines:
            stored = {known_as(line, row[0]) for row in connection.execute(_STORED, (line.channel_id,))}
            if left := served(house, line)[0] - stored:
                found[line.name] = len(left)
    return found


def known_as(line: Line, remote_id: str) -> str:
    """Return the sandbox's own id of a message that we store."""
    return remote_id.removeprefix(line.kind.marks)


def served(house: House, line: Line) -> tuple[set[str], int]:
    """Return the ids of what must be stored, and how many more may be: what was handed over and not answered."""
    if line.kind.name != "careconnect":
        return house.sandbox.served(line.kind.name, line.where), 0
    answer = house.sandbox.http.get(f"/control/careconnect/{line.code}", params={"most": "100000"})
    answer.raise_for_status()
    handed = answer.json()["handed"]
    taken = {str(one["reference"]) for one in handed if one["status"] == _CREATED}
    return taken, sum(one["status"] != _CREATED for one in handed)


def judge(
    house: House, lines: Sequence[Line], answers: Sequence[Answer], deaths: Sequence[tuple[float, str]]
) -> Verdict:
    """Compare everything."""
    verdict = Verdict()
    with house.connect() as connection:
        for line in lines:
            _judge_line(house, connection, line, verdict)
        _judge_replies(house, connection, answers, verdict)
        _judge_alerts(house, connection, deaths, verdict)
        unread = connection.execute(_UNREAD).fetchall()
        cut_off = connection.execute(_CUT_OFF).fetchall()
    verdict.quarantined = len(unread)
    verdict.wrong += [f"of {kind} {name} could not be read: {reason} {raw!r}" for kind, name, reason, raw in unread]
    verdict.wrong += [f"{kind} was cut off {number} times, although nobody ended a sign-in" for kind, number in cut_off]
    return verdict


def _judge_line(house: House, connection: psycopg.Connection, line: Line, verdict: Verdict) -> None:
    must, besides = served(house, line)
    rows = connection.execute(_STORED, (line.channel_id,)).fetchall()
    stored = {known_as(line, row[0]) for row in rows}
    lost, surplus = must - stored, stored - must
    surplus = surplus if len(surplus) > besides else set()
    markers = Counter(str(row[1]).rsplit(" ", 1)[-1] for row in rows)
    doubled = sum(number - 1 for number in markers.values())
    verdict.served += len(must | (stored if besides else set()))
    verdict.stored += len(stored)
    verdict.lost += len(lost)
    verdict.doubled += doubled
    for what, many in (("lost", sorted(lost)), ("not served", sorted(surplus))):
        if many:
            verdict.wrong.append(f"{line.name}: {len(many)} {what}, such as {many[:3]}")
    if doubled:
        verdict.wrong.append(f"{line.name}: {doubled} doubled, such as {[m for m, n in markers.items() if n > 1][:3]}")


def _judge_replies(house: House, connection: psycopg.Connection, answers: Sequence[Answer], verdict: Verdict) -> None:
    rows = connection.execute(_REPLIES).fetchall()
    by_text: dict[str, list[Any]] = {}
    for row in rows:
        by_text.setdefault(row[0], []).append(row)
    verdict.replies = len(answers)
    for text in {answer.text for answer in answers} | set(by_text):
        found = by_text.get(text, [])
        if len(found) != 1:
            verdict.wrong.append(f"a reply stands in the database {len(found)} times: {text[-12:]}")
        for _, state, reason, kind, target in found[:1]:
            shown = house.sandbox.look(kind, target)["replies"]
            times = sum(text in one["text"] for one in shown)
            verdict.replies_lost += times == 0
            verdict.replies_doubled += max(0, times - 1)
            if times != 1 or state != "sent":
                verdict.wrong.append(f"a reply on {kind} stands there {times} times, and is {state} here ({reason})")


def _judge_alerts(
    house: House, connection: psycopg.Connection, deaths: Sequence[tuple[float, str]], verdict: Verdict
) -> None:
    untold = connection.execute(_UNTOLD).fetchall()
    if untold:
        verdict.wrong.append(f"{len(untold)} people were never told of something new")
    # Mails go on meanwhile (that a channel is read again, say): what is marked as sent by now has come, and what has
    # come by then is known afterwards.
    marked = connection.execute(_MAILS).fetchall()
    by_mail: dict[tuple[str, str], list[Mail]] = {}
    for mail in mails(house.mail_log):
        by_mail.setdefault((mail.message_id, mail.to), []).append(mail)
    known = {(row[0], row[1]) for row in connection.execute(_MAILS)}
    for message_id, address, kind, state, reason, attempts, took, ago in marked:
        came = by_mail.get((message_id, address), [])
        verdict.alerts += bool(came)
        verdict.alerts_again += max(0, len(came) - 1)
        if state == "failed" or (state == "sent" and not came):
            verdict.wrong.append(
                f"a mail ({kind}, sent {ago} ago after {took}) is {state} ({reason}), and came {len(came)} times"
            )
        for one in came[:-1]:
            if one.answered and not _somebody_died(one, deaths):
                verdict.wrong.append(f"a mail ({kind}) came again ({attempts} attempts), although nobody died")
    if strangers := [one for one in by_mail if one not in known and one[0].startswith("<alert.")]:
        verdict.wrong.append(f"{len(strangers)} alerts came that the outbox does not know")


def _somebody_died(mail: Mail, deaths: Sequence[tuple[float, str]]) -> bool:
    return any(abs(at - mail.at) < _DEATH_SECONDS for at, _ in deaths)
