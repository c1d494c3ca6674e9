"""X's own reading of a text, by its rules as twitter-text-parser has them: how long it is, and what in it is a link."""

import warnings

with warnings.catch_warnings():
    # It reads its list of emoji by pkg_resources, of which setuptools warns; the one that we install has it.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
    import twitter_text


def weighted_length(text: str) -> int:
    """Count most letters as 1, other scripts and emoji as 2, every link as 23."""
    return int(twitter_text.parse_tweet(text).weightedLength)


def links(text: str) -> list[str]:
    """Return what X takes for links, in the order of the text."""
    return list(twitter_text.extract_urls(text))
