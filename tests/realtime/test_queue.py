"""What waits for one page, and how its bytes look."""

from uuid import uuid4

from healthberry.realtime.stream import MOST_WAITING, Stream, frame


def stream() -> Stream:
    return Stream(uuid4(), uuid4(), ())


def test_a_page_that_reads_too_slowly_is_told_to_reload_and_gets_what_follows() -> None:
    slow = stream()
    messages = slow.messages()
    next(messages)
    for number in range(1, MOST_WAITING + 3):
        slow.put(frame(f"<p>{number}</p>", number), number)

    sent = next(messages).decode()

    assert sent.startswith(f"event: reload\nid: {MOST_WAITING + 1}\n")
    assert sent.endswith(f"id: {MOST_WAITING + 2}\ndata: <p>{MOST_WAITING + 2}</p>\n\n")
    assert sent.count("id: ") == 2


def test_a_quiet_page_hears_a_beat_that_moves_its_number_on() -> None:
    quiet = stream()
    messages = quiet.messages(beat_seconds=0.01)
    next(messages)
    quiet.seen = 7

    assert next(messages) == b"event: beat\nid: 7\ndata: beat\n\n"


def test_an_ended_page_is_sent_its_farewell_and_nothing_that_waited() -> None:
    ended = stream()
    messages = ended.messages()
    next(messages)
    ended.put(frame("<p>secret</p>", 1), 1)
    ended.end(b"event: signed-out\ndata: signed-out\n\n")

    assert list(messages) == [b"event: signed-out\ndata: signed-out\n\n"]


def test_every_line_of_a_message_is_data() -> None:
    message = frame("<p>\r\nid: 9\n\nevent: reload</p>", 3)

    assert message == b"id: 3\ndata: <p>\ndata: id: 9\ndata: event: reload</p>\n\n"
