"""What is kept of a channel on Mastodon: its tags, and what its server allows.

Source: documentation of Mastodon, "entities/Instance"; version 1 names the stream at another place.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors.errors import NotLinked, Rejected
from healthberry.connectors.mastodon_words import PER_URL, length
from healthberry.connectors.reading import mapping, number
from healthberry.connectors.text import line

USUAL_LIMIT: Final = 500
_MOST_TAGS: Final = 10
_TAG = re.compile(r"\w{1,100}")


def tags(given: str) -> list[str]:
    """Return the tags that somebody typed, small, without "#". Raises: NotLinked."""
    found = [one.strip("#").casefold() for one in given.replace(",", " ").split()]
    wrong = next((one for one in found if not _TAG.fullmatch(one) or one.isdigit()), None)
    if wrong is not None:
        raise NotLinked(f"“{wrong}” is no tag: tags are letters and digits, in one word.", "tags")
    if len(set(found)) > _MOST_TAGS:
        raise NotLinked(f"There can be {_MOST_TAGS} tags at most.", "tags")
    return list(dict.fromkeys(found))


def rules(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long posts may be on a server, and where its stream is."""
    configuration = mapping(instance.get("configuration"))
    limits, urls = mapping(configuration.get("statuses")), mapping(configuration.get("urls") or instance.get("urls"))
    limit = number(limits.get("max_characters")) or number(instance.get("max_toot_chars")) or USUAL_LIMIT
    per_url = number(limits.get("characters_reserved_per_url")) or PER_URL
    streaming = line(urls.get("streaming") or urls.get("streaming_api"), 300)
    return {"limit": int(limit), "per_url": int(per_url), "streaming": streaming}


def check_length(config: Mapping[str, Any], text: str) -> None:
    """Refuse what is longer than the server takes. Raises: Rejected."""
    limit = int(number(config.get("limit")) or USUAL_LIMIT)
    per_url = int(number(config.get("per_url")) or PER_URL)
    if (counted := length(text, min(per_url, 1_000))) > limit:
        over = counted - limit
        raise Rejected(f"With the name of whom you answer this is {over} characters longer than the server takes.")
