"""Posts that concern us although they do not mention us: answers to us, and quotes of our posts.

Source: X documents on search operators: `to:` finds answers to an account, `quotes_of_tweet_id:` quotes of one post,
`url:` words of a link. That `url:` with the address of our posts finds every quote is from memory: beside it our newest
posts are asked for by their ids. What mentions us is left out: the list of mentions has it, at a fifth of the price.
"""

import re
from collections.abc import Sequence
from typing import Final

from healthberry.connectors.x_posts import Us

_HANDLE: Final = re.compile(r"[A-Za-z0-9_]{1,15}")
_LONGEST: Final = 512  # Source: X documents: the limit of a query without an enterprise contract


def query(us: Us, ours: Sequence[str]) -> str:
    """Return what to search for, "" where the account's handle is not known; `ours` are ids of our newest posts."""
    handle = us.username.removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        return ""
    by_link = [f'url:"{host}/{handle}/status"' for host in ("x.com", "twitter.com")]
    return _fitting([f"to:{handle}", *by_link, *_by_id(ours)], handle)


def plain_query(us: Us, ours: Sequence[str]) -> str:
    """Return the same without `url:`, for where that is not accepted."""
    handle = us.username.removeprefix("@")
    return _fitting([f"to:{handle}", *_by_id(ours)], handle)


def _by_id(ours: Sequence[str]) -> list[str]:
    return [f"quotes_of_tweet_id:{one}" for one in ours]


def _fitting(asked: Sequence[str], handle: str) -> str:
    """Leave out the oldest posts where the question would become too long."""
    kept = list(asked)
    while len(made := f"({' OR '.join(kept)}) -@{handle} -from:{handle} -is:retweet") > _LONGEST:
        kept.pop()
    return made
