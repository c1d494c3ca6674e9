"""The sandbox's Instagram behaves as Meta documents it, quirks and refusals included."""

from typing import Any

import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.test_facebook import KEYS, NAME, Make, Page, code, proof, signed_in

SCOPES = "pages_show_list,pages_read_engagement,pages_manage_metadata,instagram_basic,instagram_manage_comments"


class Account(Page):
    """The account that is linked to a Page."""

    ig_id = ""

    def call(self, method: str, path: str, version: str = "v26.0", **options: Any) -> Any:
        query = {"appsecret_proof": proof(self.token), **options.pop("query", {})}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.box.client.open(
            f"/instagram/{version}/{path}", method=method, query_string=query, headers=headers, **options
        )

    def write(self, how: str = "comment", text: str = "Where do I park?", **more: Any) -> str:
        body = {"channel": "instagram", "handle": NAME, "author": "Some One", "text": text, "as": how, **more}
        return str(self.box.client.post("/control/posts", json=body).json["remote_id"])


@pytest.fixture
def box(make_box: Make) -> Box:
    return make_box(KEYS)


@pytest.fixture
def account(box: Box) -> Account:
    page = signed_in(box, SCOPES)
    made = Account(box, page.page_id, page.token)
    fields = "instagram_business_account"
    made.ig_id = page.get(page.page_id, fields=fields).json["instagram_business_account"]["id"]
    return made


def test_an_account_names_itself_and_is_closed_to_other_tokens(box: Box, account: Account) -> None:
    assert account.get(account.ig_id, fields="id,username").json == {"id": account.ig_id, "username": NAME}
    other = signed_in(box, "pages_show_list")
    assert code(Account(box, other.page_id, other.token).get(f"{account.ig_id}/media"))[0] == 200
    box.client.post("/control/facebook/flags", json={"instagram": "off"})
    page = Page(box, account.page_id, account.token)
    assert "instagram_business_account" not in page.get(account.page_id, fields="instagram_business_account").json


def test_comments_hang_below_posts_and_answers_below_comments(account: Account) -> None:
    ident = account.write()
    ours = account.call("POST", f"{ident}/replies", data={"message": "At the back."}).json["id"]
    fields = "id,permalink,comments{id,text,username,replies{id,parent_id,from}}"
    (media,) = account.all(f"{account.ig_id}/media", fields=fields)
    (comment,) = media["comments"]["data"]
    assert (comment["id"], comment["username"]) == (ident, "some.one")
    (reply,) = comment["replies"]["data"]
    assert (reply["id"], reply["parent_id"], reply["from"]["id"]) == (ours, ident, account.ig_id)
    assert [one["id"] for one in account.all(f"{media['id']}/comments")] == [ident]
    assert code(account.call("POST", f"{ours}/replies", data={"message": "More"}))[0] == 100
    assert code(account.call("POST", f"{ident}/replies", data={"message": "x" * 2201}))[0] == 100


def test_a_mention_is_served_through_the_account_alone(box: Box, account: Account) -> None:
    ident = account.write("mention", f"@{NAME} help")
    fields = f"mentioned_comment.comment_id({ident}){{text,username,media{{id}}}}"
    found = account.get(account.ig_id, fields=fields).json["mentioned_comment"]
    assert found["text"] == f"@{NAME} help"
    assert code(account.get(ident)) == (100, 33)
    form = {"media_id": found["media"]["id"], "comment_id": ident, "message": "Hello"}
    assert account.call("POST", f"{account.ig_id}/mentions", data=form).json["id"]
    assert [one["text"] for one in box.seen("instagram", ident)["replies"]] == ["Hello"]
    assert code(account.call("POST", f"{account.ig_id}/mentions", data=form | {"media_id": "1"}))[0] == 100


def test_tags_are_listed_and_what_is_gone_is_missing(box: Box, account: Account) -> None:
    tag, comment = account.write("tag", "A walk"), account.write()
    (shown,) = account.all(f"{account.ig_id}/tags", fields="id,caption,username")
    assert (shown["id"], shown["caption"]) == (tag, "A walk")
    box.client.delete(f"/control/posts/instagram/{comment}")
    assert code(account.get(comment)) == (100, 33)
    assert code(account.get(f"{comment}/replies")) == (100, 33)


def test_who_follows_a_page_is_told(account: Account) -> None:
    assert account.get(f"{account.page_id}/subscribed_apps").json == {"data": []}
    account.call("POST", f"{account.page_id}/subscribed_apps", data={"subscribed_fields": "feed"})
    assert account.get(f"{account.page_id}/subscribed_apps").json["data"][0]["subscribed_fields"] == ["feed"]
