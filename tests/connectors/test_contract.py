"""What every connector promises, walked over real HTTP against the sandbox, which shares no code with them."""

import contextlib
from collections.abc import Callable

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Capabilities, ProviderFacts, Reply, SentReply
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.graph import proof
from tests.connectors.cases import SINCE, Case, Kind, made
from tests.connectors.conftest import CREDENTIALS, KEYS, Sandbox
from tests.connectors.kinds import KINDS

# Building opens no connection: what each kind can do is known before any test runs.
CONNECTORS = registry.build(registry.endpoints(None), CREDENTIALS)


def _of(applies: Callable[[Kind, Capabilities], bool]) -> list[str]:
    capabilities = {connector.kind: connector.capabilities for connector in CONNECTORS}
    return [kind for kind in CONNECTORS.kinds if kind in KINDS and applies(KINDS[kind], capabilities[kind])]


def _each(applies: Callable[[Kind, Capabilities], bool]) -> pytest.MarkDecorator:
    """Run a test for those kinds to which it applies."""
    return pytest.mark.parametrize("case", _of(applies), indirect=True)


READ = _each(lambda kind, can: can.poll_seconds is not None)
REPEATED = _each(lambda kind, can: can.poll_seconds is not None and can.backfills)
WALKED = _each(lambda kind, can: can.backfills)
IN_ORDER = _each(lambda kind, can: can.backfills and kind.newest_first)
KEYED = _each(lambda kind, can: can.poll_seconds is not None and kind.keyed)
RECHECKED = _each(lambda kind, can: can.rechecks and can.poll_seconds is not None and kind.changes)
BY_CODE = _each(lambda kind, can: kind.by_code)
ON_THE_SITE = _each(lambda kind, can: kind.on_site and can.reply != "none")
BY_API = _each(lambda kind, can: can.reply == "api" and can.poll_seconds is not None)
ANSWERED = _each(lambda kind, can: can.reply != "none" and can.poll_seconds is not None)
WITHDRAWN = _each(lambda kind, can: can.withdraws)
NOT_WITHDRAWN = _each(lambda kind, can: not can.withdraws and can.reply == "api")
ENDED = _each(lambda kind, can: kind.ends)
FAULTY = pytest.mark.parametrize(
    ("case", "fault"),
    [(kind, fault) for kind in _of(lambda kind, can: can.backfills) for fault in KINDS[kind].faults],
    indirect=["case"],
)
HOSTILE = {
    "emoji": "Thank you 👩‍⚕️❤️ so much",
    "right to left": "شكرا جزيلا \u202eevil\u202c",
    "html": "<script>alert(1)</script> & <b>bold</b> &amp; &lt;i&gt;",
    "quotes": 'it\'s "fine" \\ 100% {{ 7*7 }}',
    "lines": "one\n\ntwo\n\n\n* three",
    "zero width": "a\u200bb\u2060c",
}


@pytest.fixture
def case(request: pytest.FixtureRequest, sandbox: Sandbox) -> Case:
    return made(KINDS[request.param], sandbox)


def test_every_kind_of_channel_has_its_case() -> None:
    assert set(KINDS) == set(CONNECTORS.kinds)


@READ
def test_a_post_arrives_with_its_words_its_author_and_its_address(case: Case) -> None:
    remote_id = case.post("The nurses were kind & quick.", title="Day surgery", rating=4)
    item = case.find(remote_id)
    assert item.text.endswith("The nurses were kind & quick.")
    assert item.direction == "inbound"
    assert item.thread_id == remote_id or not case.about.own_threads
    if case.about.has_page:
        assert item.url
        assert case.sandbox.http.get(item.url).status_code == 200
    if case.connector.capabilities.reply != "none":
        assert item.may_not_reply is None


@WALKED
def test_a_backfill_holds_every_item_served_and_no_other(case: Case) -> None:
    case.corpus([f"Story number {number}: all went well." for number in range(257)])
    pages = case.backfill()
    found = [item.remote_id for page in pages for item in page.items]
    assert set(found) == case.served()
    assert len(pages[0].items) >= case.about.first_page
    assert not [bad for page in pages for bad in page.bad]


@IN_ORDER
def test_a_backfill_brings_the_newest_first(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(230)])
    pages = [page for page in case.backfill() if page.items]
    newest = case.connector.backfill(case.access, SINCE, None).items[0]
    assert newest.posted_at == max(item.posted_at for page in pages for item in page.items)


@WALKED
def test_a_page_read_twice_from_the_same_cursor_is_the_same_page(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(120)])
    first = case.connector.backfill(case.access, SINCE, None)
    again = case.connector.backfill(case.access, SINCE, first.cursor)
    once_more = case.connector.backfill(case.access, SINCE, first.cursor)
    assert [item.remote_id for item in again.items] == [item.remote_id for item in once_more.items]


@FAULTY
def test_no_fault_of_the_provider_loses_an_item(case: Case, fault: str) -> None:
    case.corpus([f"Story number {number}." for number in range(130)])
    case.fault(fault, times=2)
    found = {item.remote_id for page in case.backfill() for item in page.items}
    assert found >= case.served()


@REPEATED
def test_what_appears_while_walking_is_found_by_walk_or_poll(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(230)])
    first = case.connector.backfill(case.access, SINCE, None)
    late = case.post("I came while you were reading.")
    cursor, found = first.cursor, {item.remote_id for item in first.items}
    more = first.more
    while more:
        page = case.connector.backfill(case.access, SINCE, cursor)
        found |= {item.remote_id for item in page.items}
        cursor, more = page.cursor, page.more
    assert found | {late} == case.served()
    assert late in {item.remote_id for item in case.poll()[0]}


@READ
def test_a_second_poll_brings_what_came_since_the_first(case: Case) -> None:
    case.post("First.")
    _, cursor = case.poll()
    later = case.post("Second.")
    items, cursor = case.poll(cursor)
    assert later in {item.remote_id for item in items}
    even_later = case.post("Third.")
    items, _ = case.poll(cursor)
    assert even_later in {item.remote_id for item in items}


@READ
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_come_as_they_were_written(case: Case, text: str) -> None:
    remote_id = case.post(text)
    assert case.find(remote_id).text.endswith(text.strip())


@READ
def test_a_text_of_a_megabyte_blocks_no_neighbour(case: Case) -> None:
    neighbour = case.post("I am the neighbour.")
    with contextlib.suppress(httpx.HTTPStatusError):  # a provider may refuse it
        case.post("x" * 1_000_000)
    assert neighbour in {item.remote_id for item in case.poll()[0]}


@KEYED
def test_a_refused_key_is_said_and_never_read_as_nothing(case: Case) -> None:
    case.post("There is something.")
    wrong = case.about.wrong(case.access)
    assert wrong != case.access
    with pytest.raises(NotAuthorised):
        case.connector.poll(wrong, None)
    if case.connector.capabilities.backfills:
        with pytest.raises(NotAuthorised):
            case.connector.backfill(wrong, SINCE, None)


@READ
def test_the_time_to_wait_is_passed_on(case: Case) -> None:
    case.fault("rate_limit")
    with pytest.raises(RateLimited) as raised:
        case.connector.poll(case.access, None)
    assert raised.value.retry_after is None or raised.value.retry_after >= 0


@RECHECKED
def test_what_is_taken_down_is_withdrawn(case: Case) -> None:
    kept, gone = case.post("I stay."), case.post("I go.")
    case.sandbox.withdraw(case.kind, gone)
    changes = {item.remote_id: item.change for item in case.connector.recheck(case.access, [kept, gone])}
    assert changes[gone] == "withdrawn"
    assert changes.get(kept) != "withdrawn"


@RECHECKED
def test_an_edit_comes_under_the_same_id_with_the_new_words(case: Case) -> None:
    remote_id = case.post("Befor.")
    case.sandbox.edit(case.kind, remote_id, case.words("After."))
    looked_at = case.connector.recheck(case.access, [remote_id])
    (now,) = [one for one in looked_at if one.direction == "inbound"]  # that it has no answer may come along
    assert (now.remote_id, now.change) == (remote_id, "edited")
    assert now.text.endswith("After.")


@BY_CODE
def test_discovery_finds_the_listing_and_says_how_much_there_is(case: Case) -> None:
    case.post("One.")
    found = case.connector.discover(case.provider)
    assert not found.problems
    (listing,) = found.listings
    assert (listing.kind, listing.remote_id, listing.needs) == (case.kind, case.provider.ods_code, "")
    assert listing.amount.startswith("1 ")
    assert listing.found_at == f"Found by ODS code {case.provider.ods_code}"
    assert case.sandbox.http.get(listing.url).status_code == 200
    items = case.connector.poll(Access(listing.config, case.connector.installed_access()), None).items
    assert len(items) == 1


@BY_CODE
def test_a_provider_that_is_down_keeps_its_listing_and_says_so(case: Case) -> None:
    case.fault("server_error")
    found = case.connector.discover(case.provider)
    assert len(found.listings) == len(found.problems) == 1
    assert found.again


@BY_CODE
def test_without_an_ods_code_nothing_is_listed_and_nobody_asked(case: Case) -> None:
    case.fault("server_error")
    unlisted = ProviderFacts("", "Brook Hospice", "hospice", None, "England")

    found = case.connector.discover(unlisted)

    assert (list(found.listings), found.again) == ([], False)
    assert found.problems[0].startswith("Brook Hospice has no ODS code")
    assert case.connector.discover(case.provider).problems, "the fault was used up: the provider was asked"


@ON_THE_SITE
def test_an_assisted_answer_is_seen_on_the_site_even_if_edited(case: Case) -> None:
    item = case.find(case.post("Nobody told me where to park."))
    words = "Thank you for telling us about the car park. We have put up new signs at the main entrance this week."
    reply = case.reply(item, words)
    assert case.connector.find_reply(case.access, reply) is None
    case.about.answer_on_site(case, item, words)
    sent = _eventually_found(case, reply)
    assert sent.remote_id
    answer = next(one for one in case.poll()[0] if one.direction == "outbound" and one.thread_id == item.thread_id)
    assert answer.remote_id == sent.remote_id
    assert answer.in_reply_to == item.remote_id


@ON_THE_SITE
def test_somebody_elses_answer_is_not_taken_for_ours(case: Case) -> None:
    item = case.find(case.post("Nobody told me where to park."))
    case.about.answer_on_site(
        case, item, "We are sorry. The ward sister will ring you on Monday morning about your discharge."
    )
    reply = case.reply(item, "Thank you! New parking signs are up.")
    _eventually_answered(case, item.thread_id)
    assert case.connector.find_reply(case.access, reply) is None


@ANSWERED
def test_a_story_that_is_gone_cannot_be_asked_for_an_answer(case: Case) -> None:
    item = case.find(case.post("I go."))
    case.sandbox.withdraw(case.kind, item.remote_id)
    if not case.about.gone_is_said:
        assert case.connector.find_reply(case.access, case.reply(item, "Thank you.")) is None
        return
    with pytest.raises(Gone):
        case.connector.find_reply(case.access, case.reply(item, "Thank you."))


@BY_API
def test_a_reply_is_published_once_and_found_again(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. Please contact PALS & ask for Pat.")
    assert case.connector.find_reply(access, reply) is None
    assert case.connector.may_reply(access, reply.target).mode == "api"
    sent = case.connector.reply(access, reply)
    again = case.connector.find_reply(access, reply)
    assert again is not None
    assert again.remote_id == sent.remote_id
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
@pytest.mark.parametrize("fault", ["timeout_after", "cut_connection", "truncated_body"])
def test_a_reply_whose_outcome_was_unknown_is_found_and_not_doubled(case: Case, fault: str) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. We will ring you this week.")
    case.network.armed = fault
    with pytest.raises(Unavailable):
        case.connector.reply(access, reply)
    found = case.connector.find_reply(access, reply)
    assert found is not None
    assert case.connector.reply(access, reply).remote_id == found.remote_id
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
@pytest.mark.parametrize("fault", ["timeout_before", "server_error", "rate_limit"])
def test_a_reply_that_never_left_is_not_found_and_can_be_sent(case: Case, fault: str) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. We will ring you tomorrow.")
    case.network.armed = fault
    with pytest.raises(RateLimited if fault == "rate_limit" or case.about.certain else Unavailable):
        case.connector.reply(access, reply)
    assert case.connector.find_reply(access, reply) is None
    case.connector.reply(access, reply)
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
def test_our_own_answer_comes_back_as_outbound_in_the_same_thread(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    sent = case.connector.reply(access, case.reply(item, "Thank you. Please contact PALS."))
    for answers in (case.poll()[0], [one for page in case.backfill() for one in page.items]):
        (answer,) = [one for one in answers if one.direction == "outbound"]
        assert answer.remote_id == sent.remote_id
        assert answer.thread_id == item.thread_id
        assert answer.text.endswith("Thank you. Please contact PALS.")


@WITHDRAWN
def test_a_reply_that_we_take_down_is_gone_and_a_second_time_is_no_error(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    other = case.find(case.post("Somebody else."))
    kept = case.connector.reply(access, case.reply(other, "Thank you."))
    sent = case.connector.reply(access, case.reply(item, "Mrs Lee, your scan is on 3 May."))

    for _ in range(2):
        case.connector.withdraw(access, sent.remote_id)

    left = []
    for one in (item, other):
        there = case.sandbox.look(case.kind, one.remote_id)["replies"]
        left += [reply["remote_id"] for reply in there if reply["state"] not in ("deleted", "withdrawn")]
    assert left == [kept.remote_id]


@NOT_WITHDRAWN
def test_what_can_not_be_taken_down_from_here_is_refused_in_words(case: Case) -> None:
    with pytest.raises(Rejected):
        case.connector.withdraw(case.access, "1")


def _eventually_found(case: Case, reply: Reply) -> SentReply:
    for _ in range(200):
        if sent := case.connector.find_reply(case.access, reply):
            return sent
    raise AssertionError("the answer never appeared")


def _eventually_answered(case: Case, thread_id: str) -> None:
    for _ in range(200):
        if any(one.direction == "outbound" and one.thread_id == thread_id for one in case.poll()[0]):
            return
    raise AssertionError("the answer never appeared")


@ENDED
def test_what_signing_in_gave_is_dead_once_it_was_given_back(case: Case) -> None:
    access = case.about.used(case, case.about.signed_in(case))
    assert case.connector.grant(access)
    case.connector.revoke(access)
    with pytest.raises(NotAuthorised):
        case.about.used(case, access)
    case.connector.revoke(access)


@ENDED
def test_a_provider_that_is_away_is_said_when_a_permission_is_given_back(case: Case) -> None:
    access = case.about.signed_in(case)
    where = "google" if case.kind == "youtube" else case.kind
    case.sandbox.fault(where, "server_error", operation="token")
    with pytest.raises(Unavailable):
        case.connector.revoke(access)
    case.connector.revoke(access)
    with pytest.raises(NotAuthorised):
        case.about.used(case, access)


@pytest.mark.parametrize("case", CONNECTORS.kinds, indirect=True)
def test_where_nobody_signed_in_nothing_is_given_back(case: Case) -> None:
    nobody = Access(case.access.config, case.connector.installed_access())
    assert case.connector.grant(nobody) == ""


@pytest.mark.parametrize("case", ["facebook", "instagram"], indirect=True)
def test_meta_sends_no_more_news_of_a_page_that_was_given_back(case: Case) -> None:
    token, page_id = case.access.secrets["access_token"], str(case.access.config["page_id"])
    path, proven = (
        f"/{case.kind}/v26.0/{page_id}/subscribed_apps",
        {"appsecret_proof": proof(KEYS["FACEBOOK_APP_SECRET"], token)},
    )

    def followed() -> bool:
        answer = case.sandbox.http.get(path, params=proven, headers={"Authorization": f"Bearer {token}"})
        return bool(answer.json()["data"])

    case.connector.backfill(case.access, SINCE, None)
    assert followed()
    assert case.connector.grant(case.access) == f"meta {page_id}"
    case.connector.revoke(case.access)
    assert not followed()
    case.connector.revoke(case.access)
    case.connector.revoke(case.about.wrong(case.access))
