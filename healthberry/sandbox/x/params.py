"""The parameters of X's reading endpoints: which exist, which values they take, and the answer to wrong ones."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from . import store as x_store
from .shapes import invalid, parts_of


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


POST_FIELDS = words(
    "article attachments author_id card_uri community_id context_annotations conversation_id created_at "
    "display_text_range edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang "
    "media_metadata non_public_metrics note_tweet organic_metrics possibly_sensitive promoted_metrics "
    "public_metrics referenced_tweets reply_settings scopes source text withheld "
)
USER_FIELDS = words(
    "affiliation confirmed_email connection_status created_at description entities id "
    "is_identity_verified location most_recent_tweet_id name parody pinned_tweet_id profile_banner_url "
    "profile_image_url protected public_metrics receives_your_dm subscription subscription_type url "
    "username verified verified_followers_count verified_type withheld "
)
EXPANSIONS = words(
    "attachments.media_keys attachments.media_source_tweet attachments.poll_ids author_id "
    "edit_history_tweet_ids entities.mentions.username geo.place_id in_reply_to_user_id "
    "referenced_tweets.id referenced_tweets.id.author_id "
)
POST_WORDS = frozenset(
    {"article.cover_media", "article.media_entities", "entities.note.mentions.username", "author_screen_name"}
)


class Wrong(Exception):
    """A parameter is wrong; carries the answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


def names(parameter: str, known: frozenset[str]) -> set[str]:
    """Return the comma-separated names of a parameter; the spelling with `post` means the one with `tweet`.

    Raises: Wrong.
    """
    asked = {name for name in request.args.get(parameter, "").split(",") if name}
    asked = {name if name in known else name.replace("post", "tweet") for name in asked}
    if asked - known:
        value = ",".join(sorted(asked - known))
        raise Wrong(
            invalid(
                f"The `{parameter}` query parameter value [{value}] is not one of [{','.join(sorted(known))}]",
                **{parameter: value},
            )
        )
    return asked


def body() -> dict[str, Any]:
    """Return the JSON object that was sent, empty where it is none."""
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def ids() -> list[str]:
    """Return the 1 to 100 ids asked for.

    Raises: Wrong.
    """
    ids = [number for number in request.args.get("ids", "").split(",") if number]
    if not 1 <= len(ids) <= 100:
        raise Wrong(
            invalid("The `ids` query parameter must hold between 1 and 100 ids", ids=request.args.get("ids", "")[:200])
        )
    return ids


def number(parameter: str, value: str) -> int:
    """Read an id.

    Raises: Wrong.
    """
    if not re.fullmatch(r"[0-9]{1,19}", value):
        raise Wrong(invalid(f"The `{parameter}` query parameter value [{value}] is not valid", **{parameter: value}))
    return min(int(value), 2**63 - 1)


def bound(parameter: str, default: int) -> int:
    """Return the id that bounds the answer, or the default.

    Raises: Wrong.
    """
    value = request.args.get(parameter, "")
    return number(parameter, value) if value else default


def moment(parameter: str, default: int) -> int:
    """Return the first id of a moment that bounds the answer, or the default.

    Raises: Wrong.
    """
    value = request.args.get(parameter, "")
    if not value:
        return default
    try:
        moment = datetime.fromisoformat(value)
        return x_store.snowflake(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000))
    except ValueError:
        raise Wrong(
            invalid(
                f"The `{parameter}` query parameter value [{value}] is not a valid RFC 3339 time", **{parameter: value}
            )
        ) from None


def upper() -> int:
    """Return the id below which the answer lies.

    Raises: Wrong.
    """
    top = 2**63 - 1
    return min(bound("until_id", top), moment("end_time", top))


def size(least: int) -> int:
    """Return how many items a page may hold.

    Raises: Wrong.
    """
    value = request.args.get("max_results", "10")
    if not value.isdigit() or not least <= int(value) <= 100:
        raise Wrong(
            invalid(
                f"The `max_results` query parameter value [{value}] is not between {least} and 100", max_results=value
            )
        )
    return int(value)


def cursor() -> int | None:
    """Return the id at which the last page ended, or None for the first page.

    Raises: Wrong.
    """
    token = request.args.get("pagination_token") or request.args.get("next_token")
    if not token:
        return None
    parts = parts_of(token)
    if not parts:
        raise Wrong(
            invalid(f"The `pagination_token` query parameter value [{token}] is not valid", pagination_token=token)
        )
    return parts[0]
