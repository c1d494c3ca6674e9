"""Posts as an answer writes them: with what its expansions include."""

from typing import Any

from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import params
from . import store as x_store
from .shapes import post_json, references, user_json


def posts_json(posts: list[Row], fields: set[str]) -> dict[str, Any]:
    """Write posts with what their expansions include; nothing at all for no posts."""
    store = here().store
    expansions = params.names("expansions", params.EXPANSIONS | params.POST_WORDS)
    user_fields = params.names("user.fields", params.USER_FIELDS)
    if not posts:
        return {}
    implied = {
        "author_id": "author_id",
        "in_reply_to_user_id": "in_reply_to_user_id",
        "referenced_tweets.id": "referenced_tweets",
    }
    fields |= {field for expansion, field in implied.items() if expansion in expansions}
    cited = _cited(posts) if {"referenced_tweets.id", "referenced_tweets.id.author_id"} & expansions else []
    people: dict[int, None] = {}
    if "author_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in posts))
    if "referenced_tweets.id.author_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in cited))
    if "entities.mentions.username" in expansions:
        people.update(dict.fromkeys(number for post in posts for number in x_store.mentioned_ids(store, post["text"])))
    if "in_reply_to_user_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in _cited(posts, "replied_to")))
    includes: dict[str, Any] = {}
    if people:
        accounts = (x_store.user_by_id(store, number) for number in people)
        includes["users"] = [user_json(user, user_fields) for user in accounts if user]
    if cited and "referenced_tweets.id" in expansions:
        includes["tweets"] = [post_json(store, post, fields) for post in cited]
    answer: dict[str, Any] = {"data": [post_json(store, post, fields) for post in posts]}
    return {**answer, "includes": includes} if includes else answer


def _cited(posts: list[Row], kind: str | None = None) -> list[Row]:
    numbers = {int(item["id"]) for post in posts for item in references(post) if kind in (None, item["type"])}
    found = (x_store.visible_post(here().store, number) for number in sorted(numbers))
    return [post for post in found if post]
