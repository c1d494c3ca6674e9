"""What a Facebook Page as a channel says of itself."""

from typing import Final

from healthberry.connectors.capabilities import About, Capabilities, Field

CAPABILITIES: Final = Capabilities(
    label="Facebook Page",
    place="Facebook",
    short="f",
    display="link",
    item="comment",
    reply="api",
    poll_seconds=300,
    connect="oauth",
    about=About(
        reads="Comments and posts of others on your Page, posts that tag it, recommendations as long as Facebook "
        "serves them, and private messages if you wish.",
        answers="You publish from here as your Page, under the comment or, once, in private to its author. Private "
        "messages can be answered for 24 hours after the person last wrote.",
        needs="Somebody who manages your Page has to sign in with Facebook once.",
        costs="Free of charge. The operator of this installation needs an app that Meta has reviewed.",
        permissions="See your Pages, read what people write there, answer as the Page, be told of news "
        "(pages_show_list, pages_read_engagement, pages_read_user_content, pages_manage_engagement, "
        "pages_manage_metadata), and, for private messages, pages_messaging.",
        data="What is deleted or hidden on Facebook leaves HealthBerry as soon as Facebook tells us, within a day "
        "for the last 90 days. Private messages are read only if you choose so.",
        leaving="Facebook is asked to send us no more news of your Page. What you allowed HealthBerry stays until you "
        "remove it in your Facebook settings, under Business integrations.",
    ),
    group="social",
    fields=(
        Field(
            "messages",
            "Private messages",
            hint="What people write to your Page in Messenger can be about their health. It is read only if you "
            "choose so.",
            kind="choice",
            choices=(("no", "Leave them on Facebook"), ("yes", "Read and answer them here too")),
            default="no",
        ),
    ),
    # Source: from memory; Messenger takes 2,000, which is checked where a message is sent.
    length_limit=8_000,
    withdraws=True,
    backfill_depth="all posts and comments that Facebook still serves",
    push=True,
    reread_seconds=3_600,
    recheck_days=90,
)
