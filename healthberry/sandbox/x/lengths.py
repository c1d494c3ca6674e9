"""Whether a post is one that X takes: neither empty nor too long by its own count."""

import warnings

with warnings.catch_warnings():
    # It reads its list of emoji by pkg_resources, of which setuptools warns at each start.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
    from twitter_text import parse_tweet


def fits(text: str) -> bool:
    """Say whether X would take it; a lone surrogate is refused as what it is, no Unicode text."""
    try:
        return bool(parse_tweet(text).valid)
    except ValueError:
        return False
