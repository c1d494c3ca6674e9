"""What Google reviews say of themselves, and what the form for linking them asks for."""

from healthberry.connectors.base import About, Capabilities, Field


def capabilities(*, pushed: bool) -> Capabilities:
    """Return what Google can do; `pushed`: it tells this installation at once of what is new."""
    return Capabilities(
        label="Google reviews",
        place="Google",
        short="G",
        display="link",
        item="review",
        reply="api",
        poll_seconds=900 if pushed else 300,
        connect="oauth",
        about=About(
            reads="Reviews of the locations in your Business Profile, with their stars, and the answers that are "
            "there already.",
            answers="You publish from here. Google looks at each answer first and may refuse it, which is shown.",
            needs="An owner or manager of the Business Profile has to sign in with Google once.",
            permissions="See and manage your Business Profile listings (business.manage): Google offers nothing "
            "smaller. Only reviews, locations and the wish to be told of new reviews are touched.",
            data="What is taken down on Google leaves HealthBerry within a day.",
            leaving="HealthBerry gives its permission back to Google, unless another of your channels needs it.",
        ),
        group="reviews",
        fields=(
            Field(
                "locations",
                "Only these locations",
                "By name, town or store code. Leave it empty for all. Add the ODS code of a site to tell reviews by "
                "site: St Mary's Hospital = RYJ01.",
                kind="words",
                required=False,
            ),
        ),
        length_limit=4096,
        withdraws=True,
        counting="bytes",
        one_reply_only=True,
        moderation_note="Google checks answers before they show, and refuses any that say something about "
        "somebody's health or care",
        backfill_depth="all reviews",
        tells_total=True,
        push=pushed,
        reread_seconds=3600,
        # There is no list of what was deleted: every review is looked for again each day, in whole lists where
        # these take fewer calls; so many at once end well within the time of a job.
        recheck_batch=200,
    )
