"""Lines of the list are drawn once and shown to many: each sees their own all the same."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from healthberry.blueprints import moments, rows
from healthberry.connectors.base import Author
from healthberry.models.owned import new_id, now
from tests.inbox.conftest import Desk


def line(desk: Desk, path: str = "/inbox") -> str:
    found = re.search(r'<li id="conversation-.*?</li>', desk.get(path).text, re.DOTALL)
    assert found
    return found[0]


def drawn(app: Flask) -> int:
    """Return how many lines were drawn so far."""
    return int(app.extensions["drawn_rows"].cache_info().misses)


def test_a_line_that_has_not_changed_is_drawn_once(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, desk.world.item("All well.", author=Author("a", "R.T.")))
    once = line(desk)
    before = drawn(desk.client.application)
    assert line(desk) == once
    assert drawn(desk.client.application) == before


def test_what_changes_in_it_is_seen_at_once(desk: Desk) -> None:
    (conversation_id,) = desk.world.arrives(desk.nhsuk, desk.world.item("All well."))
    assert "Unread" in line(desk)
    desk.send(f"/conversations/{conversation_id}/read")
    assert "Unread" not in line(desk)
    desk.send(f"/conversations/{conversation_id}/assign", assignee=str(desk.member.id))
    assert desk.member.name.split()[0] in line(desk)


def test_lines_of_another_view_lead_back_to_that_view(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, desk.world.item("All well."))
    assert "unread=1" not in line(desk)
    before = drawn(desk.client.application)
    assert 'unread=1"' in line(desk, "/inbox?unread=1")
    assert drawn(desk.client.application) == before


def test_what_a_view_is_asked_for_can_break_out_of_no_line(desk: Desk) -> None:
    words = f'href="/conversations/{new_id()}"'
    (conversation_id,) = desk.world.arrives(desk.nhsuk, desk.world.item(words))
    shown = line(desk, "/inbox?channel=nhsuk&unread=1")
    assert f'href="/conversations/{conversation_id}?channel=nhsuk&amp;unread=1"' in shown
    assert shown.count('href="') == 1


def test_it_says_how_long_ago_it_is_now_not_when_it_was_drawn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.world.arrives(desk.nhsuk, desk.world.item("All well."))
    first = line(desk)
    monkeypatch.setattr(rows, "now", later := lambda: now() + timedelta(minutes=30))
    monkeypatch.setattr(moments, "present", later)
    assert "min<" in line(desk)
    assert line(desk) != first
