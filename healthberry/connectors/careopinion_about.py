"""What Care Opinion says of itself, and what the form for linking it asks for."""

from typing import Final

from healthberry.connectors.base import About, Capabilities
from healthberry.connectors.own_keys import FORGET, NAME, codes_field, key_field

FIELDS: Final = (codes_field("nacs", "Care Opinion"), NAME, key_field("Care Opinion"), FORGET)
CAPABILITIES: Final = Capabilities(
    label="Care Opinion stories",
    place="Care Opinion",
    short="CO",
    item="story",
    reply="assisted",
    poll_seconds=300,
    connect="key",
    about=About(
        reads="Stories about your organisation and its services, and every response.",
        answers="You copy the answer to Care Opinion; it shows here once their moderators publish it.",
        needs="Nothing: it is found by your ODS code. To answer there, your organisation needs a "
        "subscription to Care Opinion.",
        costs="Reading needs a key, which Care Opinion gives to its subscribers. You can add your own.",
        data="Stories that Care Opinion withdraws leave HealthBerry within a day.",
    ),
    group="reviews",
    fields=FIELDS,
    found=True,
    several=False,
    display="text",
    credit="Published on Care Opinion, under the licence CC BY-NC-SA 4.0.",
    # Source: careopinion.org.au/info/response-moderation: 30 minutes to edit, then a moderator may read it.
    moderation_seconds=30 * 60,
    moderation_note="Care Opinion publishes answers after 30 minutes or more, and its moderators may edit them",
    backfill_depth="every story that the subscription covers",
    walk_days=7,
    recheck_days=90,
)
