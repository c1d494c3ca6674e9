"""What an Instagram account as a channel says of itself."""

from typing import Final

from healthberry.connectors.capabilities import About, Capabilities

CAPABILITIES: Final = Capabilities(
    label="Instagram account",
    place="Instagram",
    sign_in="Facebook",
    short="IG",
    display="link",
    item="comment",
    reply="api",
    poll_seconds=300,
    connect="oauth",
    about=About(
        reads="Comments on your posts, comments and posts of others that name your account, and posts that it is "
        "tagged in. Words only: no picture and no film is kept.",
        answers="You publish from here as your account, below the comment. Where it is only tagged in a picture, you "
        "answer on Instagram.",
        needs="A professional account that is linked to your Facebook Page, and somebody who manages that Page to sign "
        "in with Facebook once.",
        costs="Free of charge. The operator of this installation needs an app that Meta has reviewed.",
        permissions="See your Pages and their Instagram accounts, read and answer comments, be told of news "
        "(pages_show_list, pages_read_engagement, pages_manage_metadata, instagram_basic, instagram_manage_comments).",
        data="What is deleted or hidden on Instagram leaves HealthBerry within a day, for the last 90 days.",
        leaving="Facebook is asked to send us no more news of your Page. What you allowed HealthBerry stays until you "
        "remove it in your Facebook settings, under Business integrations.",
    ),
    group="social",
    # Source: from memory.
    length_limit=2_200,
    withdraws=True,
    backfill_depth="all comments on posts that Instagram still serves; of mentions only what comes from now on",
    serves_all=False,
    push=True,
    reread_seconds=3_600,
    recheck_days=90,
)
