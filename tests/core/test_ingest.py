"""What a channel served becomes conversations and messages: once."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from healthberry.connectors.base import Author, BadItem, Rating
from healthberry.core import quarantine, scope
from healthberry.extensions import db
from healthberry.models.activities import Activity, Unread
from healthberry.models.channels import QuarantinedItem
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from tests.world import World


def _count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _only_conversation() -> Conversation:
    return db.session.scalars(select(Conversation).execution_options(populate_existing=True)).one()


def test_the_same_page_twice_changes_nothing(world: World) -> None:
    channel = world.channel(world.organisation())
    items = [world.item(f"Text {number}") for number in range(20)]

    first = world.arrives(channel, *items)
    again = world.arrives(channel, *items, *items)

    assert len(first) == 20
    assert again == []
    assert _count(Message) == 20
    assert _count(Activity) == 20


def test_two_channels_may_use_the_same_remote_id(world: World) -> None:
    organisation = world.organisation()
    one, other = world.channel(organisation, "nhsuk"), world.channel(organisation, "careopinion")
    item = world.item()

    world.arrives(one, item)
    world.arrives(other, item)

    assert _count(Message) == 2


def test_a_review_and_its_response_are_one_conversation_that_was_answered(world: World) -> None:
    channel = world.channel(world.organisation())
    review = world.item("Long wait", title="Waiting")
    response = world.item("Sorry", thread_id=review.thread_id, direction="outbound", author=Author(None, "Trust"))

    world.arrives(channel, review, response)

    conversation = _only_conversation()
    assert conversation.title == "Waiting"
    assert conversation.replied is True
    assert (conversation.status, conversation.closed_reason) == ("closed", "answered")


def test_an_answer_given_on_the_site_closes_the_conversation_and_that_is_written_down(world: World) -> None:
    channel = world.channel(world.organisation())
    review = world.item("Long wait")
    world.arrives(channel, review)
    world.arrives(channel, world.item("Sorry", thread_id=review.thread_id, direction="outbound"))

    closed = db.session.scalars(db.select(Activity).filter_by(kind="closed")).one()

    assert (closed.conversation_id, closed.member_id) == (_only_conversation().id, None)
    assert closed.details == {"reason": "answered"}


def test_what_only_the_organisation_said_opens_no_conversation(world: World) -> None:
    channel = world.channel(world.organisation())

    world.arrives(channel, world.item("Our news", direction="outbound"))

    assert _count(Conversation) == 0
    assert _count(Message) == 0


def test_history_is_silent_and_news_is_not(world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    channel = world.channel(organisation, backfill_state="running", created_at=now())
    old = world.item("From last year", posted_at=now() - timedelta(days=300))
    fresh = world.item("Just now", posted_at=now() + timedelta(seconds=1))

    world.arrives(channel, old, fresh, backfill=True)

    historic = dict(db.session.execute(select(Conversation.first_words, Conversation.historic)).all())
    assert historic == {"From last year": True, "Just now": False}
    assert _count(Unread) == 1
    assert _count(OutboxMail) == 1


def test_a_review_that_its_site_held_back_for_days_is_news(world: World) -> None:
    channel = world.channel(world.organisation())

    world.arrives(channel, world.item("Held by moderators", posted_at=now() - timedelta(days=6)))

    conversation = _only_conversation()
    assert conversation.historic is False
    assert now() - conversation.last_activity_at < timedelta(minutes=1)


def test_an_author_who_comes_back_reopens_a_closed_conversation(world: World) -> None:
    channel = world.channel(world.organisation())
    first = world.item("Hello")
    world.arrives(channel, first)
    _only_conversation().status = "closed"
    db.session.commit()

    world.arrives(channel, world.item("Still waiting", thread_id=first.thread_id))

    assert _only_conversation().status == "open"


def test_an_edit_at_the_source_is_followed_and_raises_the_version(world: World) -> None:
    channel = world.channel(world.organisation())
    item = world.item("Befor")
    world.arrives(channel, item)
    before = _only_conversation().version

    edited = world.item("Before", remote_id=item.remote_id, thread_id=item.thread_id, change="edited")
    world.arrives(channel, edited)

    message = db.session.scalars(select(Message).execution_options(populate_existing=True)).one()
    assert message.text == "Before"
    assert message.edited_at is not None
    assert _only_conversation().version > before


def test_an_answer_stays_in_its_conversation_when_its_source_counts_it_to_another_thread(world: World) -> None:
    channel = world.channel(world.organisation())
    story = world.item("Long wait")
    follow_up = world.item("Still waiting", thread_id=story.thread_id)
    world.arrives(channel, story, follow_up)

    alone = replace(follow_up, thread_id=follow_up.remote_id, text="Still waiting, today", change="edited")
    world.arrives(channel, alone)

    conversation = _only_conversation()
    words = db.session.scalars(select(Message.text).where(Message.conversation_id == conversation.id)).all()
    assert sorted(words) == ["Long wait", "Still waiting, today"]


def test_what_the_source_took_down_loses_its_words_everywhere(world: World) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    item = world.item("Very private words", title="Private")
    world.arrives(channel, item)

    gone = world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn")
    world.arrives(channel, gone)

    conversation = _only_conversation()
    message = db.session.scalars(select(Message).execution_options(populate_existing=True)).one()
    found = db.session.scalars(select(func.search_conversations("private", func.jsonb_build_object(), 10))).all()
    assert (conversation.title, conversation.first_words, conversation.withdrawn) == ("", "", True)
    assert (message.text, message.title, message.screen_name) == ("", "", "")
    assert found == []


def test_a_provider_whose_clock_runs_ahead_does_not_stay_on_top(world: World) -> None:
    channel = world.channel(world.organisation())

    world.arrives(channel, world.item("From tomorrow", posted_at=now() + timedelta(days=400)))

    assert _only_conversation().last_activity_at < now() + timedelta(minutes=11)


def test_a_piece_that_cannot_be_read_is_kept_once_with_its_reason(world: World) -> None:
    channel = world.channel(world.organisation())
    bad = BadItem('{"id": "\x00"}', "It has no text.")

    added = [quarantine.keep(channel, [bad, bad]), quarantine.keep(channel, [bad])]

    assert added == [1, 0]
    assert db.session.scalars(select(QuarantinedItem.reason)).all() == ["It has no text."]


def test_numbers_of_changes_grow_by_one_per_organisation(world: World) -> None:
    one, other = world.organisation(), world.organisation()
    here, there = world.channel(one), world.channel(other)

    world.arrives(here, world.item(), world.item())
    world.arrives(there, world.item())
    world.arrives(here, world.item())

    scope.enter(one.id)
    assert db.session.scalars(select(Activity.number).order_by(Activity.number)).all() == [1, 2, 3]
    scope.enter(other.id)
    assert db.session.scalars(select(Activity.number)).all() == [1]


def test_a_site_is_named_by_the_register_and_the_organisation_itself_is_no_site(world: World, register: None) -> None:
    organisation = world.organisation(ods_code="RYJ", name="Imperial College Healthcare NHS Trust")
    channel = world.channel(organisation)

    world.arrives(
        channel,
        world.item("At the site", service_code="RYJ01"),
        world.item("In a service", service_code="RYJ01 outpatients"),
        world.item("Of the trust", service_code="RYJ"),
        world.item("Nobody knows it", service_code="ZZZ99"),
    )

    rows = db.session.execute(select(Conversation.first_words, Conversation.service_code, Conversation.service_name))
    named = {words: (code, name) for words, code, name in rows}
    assert named["At the site"] == ("RYJ01", "St Mary's Hospital (HQ)")
    assert named["In a service"] == ("RYJ01 outpatients", "St Mary's Hospital (HQ), outpatients")
    assert named["Of the trust"] == (None, None)
    assert named["Nobody knows it"] == ("ZZZ99", None)


def test_stars_that_alone_were_changed_are_followed(world: World) -> None:
    channel = world.channel(world.organisation())
    item = replace(world.item("Long wait"), ratings=(Rating("Stars", 5, 5),))
    world.arrives(channel, item)

    world.arrives(channel, replace(item, ratings=(Rating("Stars", 1, 5),), change="edited"))

    conversation = _only_conversation()
    assert (conversation.rating, conversation.rating_out_of) == (1, 5)
    message = db.session.scalars(select(Message)).one()
    assert [rating["value"] for rating in message.ratings] == [1]
    assert message.edited_at is not None


def test_an_answer_that_is_missing_at_its_source_goes_unless_it_was_published_since_then(world: World) -> None:
    channel = world.channel(world.organisation())
    review = world.item("Long wait")
    answer = world.item("Sorry", thread_id=review.thread_id, direction="outbound", author=Author(None, "Trust"))
    world.arrives(channel, review, answer)
    missing = replace(answer, change="withdrawn", text="")

    world.arrives(channel, replace(missing, posted_at=answer.posted_at - timedelta(seconds=1)))
    assert _only_conversation().replied is True

    world.arrives(channel, replace(missing, posted_at=answer.posted_at + timedelta(seconds=1)))
    assert _only_conversation().replied is False


def test_our_answer_keeps_its_words_until_quite_others_stand_there(world: World) -> None:
    organisation = world.organisation()
    channel, writer = world.channel(organisation), world.member(organisation)
    review = world.item("Long wait")
    ours = "We are sorry that you waited for four hours last night."
    answer = world.item(ours, thread_id=review.thread_id, direction="outbound", author=Author(None, "Trust"))
    world.arrives(channel, review, answer)
    mine = select(Message).filter_by(direction="outbound").execution_options(populate_existing=True)
    db.session.scalars(mine).one().member_id = writer.id
    later = answer.posted_at + timedelta(minutes=5)

    world.arrives(channel, replace(answer, text=ours.replace("last night", "on Monday"), posted_at=later))
    assert (db.session.scalars(mine).one().text, db.session.scalars(mine).one().member_id) == (ours, writer.id)

    world.arrives(channel, replace(answer, text="Please ring us.", posted_at=answer.posted_at))
    assert db.session.scalars(mine).one().text == ours

    world.arrives(channel, replace(answer, text="Please ring us.", posted_at=later))
    replaced = db.session.scalars(mine).one()
    assert (replaced.text, replaced.member_id, replaced.screen_name) == ("Please ring us.", None, "Trust")
