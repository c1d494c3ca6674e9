"""What was said on the phone, on a card, at the desk: members write it down, and note how it was answered.

Nothing here leaves HealthBerry: "replying" stores what was done, so that it can be found and counted as answered.
"""

from typing import ClassVar, Final

from healthberry.connectors.base import (
    About,
    Access,
    Capabilities,
    Linkables,
    Reply,
    ReplyPermission,
    ReplyTarget,
    SentReply,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.here import one_of_a_kind

_NOTED: Final = "Nothing is sent: this notes how it was answered, such as “Called back on 3 May”."


class Paper(Defaults):
    """The connector of kind "paper". Channel config: nothing."""

    kind: ClassVar[str] = "paper"

    @property
    def capabilities(self) -> Capabilities:
        """Return that feedback is typed in, and that answers are notes of what was done."""
        return Capabilities(
            label="Phone, paper and face to face",
            place="Phone and paper",
            short="Said",
            item="conversation",
            reply="api",
            poll_seconds=None,
            connect="here",
            about=About(
                reads="What people say on the phone, on a card, in a letter or at the desk, once somebody writes it "
                "down. That takes half a minute.",
                answers="You note how it was answered. Nothing is sent.",
                needs="Nothing. Everybody who may answer can write down feedback.",
                data="It is anonymous unless you give a name. What was written down by mistake can be taken back "
                "for a day.",
            ),
            group="own",
            several=False,
            length_limit=10_000,
            reply_verb="Note it",
            notes_answers=True,
            private=True,
            backfills=False,
            enters=True,
            rechecks=False,
        )

    def link(self, access: Access) -> Linkables:
        """Return the one channel of this kind."""
        return one_of_a_kind(self.kind, self.capabilities.label)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Let everything be answered: by a note of what was done."""
        if target.may_not_reply:
            return ReplyPermission("none", target.may_not_reply)
        return ReplyPermission("api", _NOTED)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Take the note as it is; the same reply again is the same note."""
        return SentReply(f"note-{reply.key}", None)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Return the note: nothing had to go out, so it is certain."""
        return self.reply(access, reply)
