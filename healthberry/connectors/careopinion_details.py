"""What Care Opinion says beside a story's words: its tags, its ratings, how far it has got; and who answered it.

Source: Care Opinion API v2 help pages and a public client: a tag has `name`, `group` and `polarity` (-1, 0, 1); a
rating has `questionText`, `score` and `scoreText`, its scale is not given. Which keys name the organisation of a
response is not documented: codes behind links and likely names are understood.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from healthberry.connectors.reading import first, identifier, mapping, number, sequence
from healthberry.connectors.text import line

Details = tuple[tuple[str, str], ...]

_GOOD, _BETTER, _FEELINGS, _OTHER = "What was good", "What could be improved", "Feelings", "Tags"
_MOST: Final = 30
_NO_CHANGE: Final = ("", "none", "no", "no change", "no change made", "0")
_CODES: Final = ("healthservice", "healthservices", "organisation", "subscription", "responder")
# Words that stand in the names of many organisations tell none of them apart.
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        "and care centre community for foundation general group health healthcare hospital hospitals limited ltd nhs "
        "of practice service services the trust university",
    )
)


def of_tags(tags: Sequence[Any]) -> Details:
    """Return tags as pairs of heading and names; a heading without any is blank, so that what was there goes."""
    named: dict[str, list[str]] = {_GOOD: [], _BETTER: [], _FEELINGS: [], _OTHER: []}
    for tag in map(mapping, tags[: _MOST * 4]):
        name = line(tag.get("name"), 80)
        if name:
            named[_heading(tag)].append(name)
    return tuple((heading, ", ".join(dict.fromkeys(names[:_MOST]))) for heading, names in named.items())


def of_ratings(answer: Any) -> Details:
    """Return ratings as pairs of question and answer, from one such object or a list of them."""
    pairs: dict[str, str] = {}
    for one in answer if isinstance(answer, list) else [answer]:
        for rating in map(mapping, sequence(mapping(one).get("ratings"))):
            question, score = line(rating.get("questionText"), 120), number(rating.get("score"))
            said = line(rating.get("scoreText"), 80)
            shown = f"{score:g}" if score is not None else ""
            if question and (said or shown):
                pairs[question] = f"{said} ({shown})" if said and shown else said or shown
    return tuple(list(pairs.items())[:_MOST])


def of_change(answer: Mapping[str, Any]) -> Details:
    """Return the change that a response claims. Since April 2024 `changeScore` is words, `changeInt` the number."""
    words, level = line(answer.get("changeScore"), 80), number(answer.get("changeInt"))
    if not words or number(words) is not None:
        words = {1: "change planned", 2: "change made"}.get(int(level or number(words) or 0), "")
    return () if words.casefold() in _NO_CHANGE else (("Change", words),)


def of_sender(answer: Mapping[str, Any]) -> Details:
    """Return which organisation a response comes from, where it says so."""
    name = _organisation(answer)
    return (("From", name),) if name else ()


def is_of_another(answer: Mapping[str, Any], links: Iterable[tuple[str, str, str]], config: Mapping[str, Any]) -> bool:
    """Say whether a response comes from another organisation than the channel's; in doubt it does not.

    By the code behind a link, where there is one: codes of sites begin with their trust's. Else by name, where no
    telling word of the two names is the same.
    """
    ours = [code.casefold() for code in map(identifier, sequence(config.get("nacs"))) if code]
    given = [found for relation, found, _ in links if relation in _CODES and found]
    given += [identifier(first(answer, "organisationNacs", "healthserviceNacs", "nacs"))]
    codes = [code.casefold() for code in given if code]
    if codes and ours:
        return not any(code.startswith(own) or own.startswith(code) for code in codes for own in ours)
    theirs, own_words = _telling(_organisation(answer)), _telling(line(config.get("name"), 200))
    return bool(theirs and own_words) and not theirs & own_words


def _heading(tag: Mapping[str, Any]) -> str:
    if line(tag.get("group"), 80).casefold().startswith(("emotion", "feeling")):
        return _FEELINGS
    polarity = number(tag.get("polarity")) or 0
    return _GOOD if polarity > 0 else _BETTER if polarity < 0 else _OTHER


def _organisation(answer: Mapping[str, Any]) -> str:
    named = first(answer, "authorOrganisation", "organisation", "organisationName")
    return line(mapping(named).get("name") if isinstance(named, Mapping) else named, 200)


def _telling(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w']+", name.casefold())) - _COMMON
