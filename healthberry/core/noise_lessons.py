"""What people's marks teach: phrases that stand in what was closed as "not about us", and hardly anywhere else."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select

from healthberry.core import likeness, noise
from healthberry.extensions import db
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member

_MARKED, _OTHERS = 200, 500
_FEWEST = 3  # marks that a phrase stands in
_SHARE_ELSEWHERE = 0.01
_LONGEST_PHRASE = 3
_MOST = 3
# Words that carry no meaning: a phrase has none of them.
_EMPTY_WORDS = """a an and are as at be but by for from had has have he her his i in is it its me my no not of on or our
she so that the their them then there they this to us was we were what when which who will with would you your rt via
https http co"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


@dataclass(frozen=True)
class Suggestion:
    """A phrase to set aside from now on, and in how many of the marked conversations it stands."""

    phrase: str
    count: int


def suggestions(member: Member, channel_id: UUID) -> Sequence[Suggestion]:
    """Return up to three phrases that mark what is about another organisation, the commonest first.

    Each stands in at least three conversations that people closed as "not about us" and in at most one of a hundred
    others; a longer phrase is told before the shorter ones within it. Raises: NotFound, NotAllowed.
    """
    channel = noise.whole(member, channel_id)
    is_mark = and_(Conversation.status == "closed", Conversation.closed_reason == "not_about_us")
    marked = [set(_phrases(words)) for words in _openings(channel.organisation_id, channel.id, is_mark, _MARKED)]
    if len(marked) < _FEWEST:
        return ()
    others = [set(_phrases(words)) for words in _openings(channel.organisation_id, channel.id, ~is_mark, _OTHERS)]
    known = {rule.value for rule in noise.rules_of(channel) if rule.kind in ("must_not", "refused")}
    often, elsewhere = (
        Counter(one for found in marked for one in found),
        Counter(one for found in others for one in found),
    )
    telling = [
        (phrase, count)
        for phrase, count in often.items()
        if count >= _FEWEST and elsewhere[phrase] <= _SHARE_ELSEWHERE * len(others) and phrase not in known
    ]
    chosen: list[Suggestion] = []
    for phrase, count in sorted(telling, key=lambda one: (-one[1], -len(one[0]), one[0])):
        if not any(_overlap(phrase, one.phrase) for one in chosen):
            chosen.append(Suggestion(phrase, count))
    return chosen[:_MOST]


def refuse(member: Member, channel_id: UUID, phrase: str) -> None:
    """Suggest this phrase no more. Raises: NotFound, NotAllowed."""
    noise.remember_refusal(member, noise.whole(member, channel_id), phrase)


def _openings(organisation_id: UUID, channel_id: UUID, condition: object, size: int) -> Iterator[str]:
    statement = (
        select(Conversation.title, Message.text)
        .join(
            Message,
            and_(
                Message.organisation_id == Conversation.organisation_id,
                Message.conversation_id == Conversation.id,
                Message.direction == "inbound",
                Message.posted_at == Conversation.started_at,
            ),
        )
        .where(
            Conversation.organisation_id == organisation_id,
            Conversation.channel_id == channel_id,
            Conversation.status != "aside",
            Conversation.restricted.is_(False),
            condition,  # type: ignore[arg-type]
        )
        .order_by(Conversation.last_activity_at.desc(), Conversation.id.desc())
        .limit(size)
    )
    return (f"{title}\n{words}" for title, words in db.session.execute(statement))


def _phrases(text: str) -> Iterator[str]:
    words = likeness.words_of(text)
    for size in range(1, _LONGEST_PHRASE + 1):
        for place in range(len(words) - size + 1):
            phrase = words[place : place + size]
            if not _EMPTY.intersection(phrase) and len("".join(phrase)) > 3:
                yield " ".join(phrase)


def _overlap(one: str, other: str) -> bool:
    return bool(set(one.split()) & set(other.split()))
