"""What a kind of channel says of itself: to the composer, the schedule, the settings and the documentation."""

from dataclasses import dataclass
from typing import Literal

ReplyMode = Literal["api", "assisted", "none"]
Counting = Literal["characters", "graphemes", "x_weighted", "bytes"]
Connect = Literal["key", "oauth", "fields", "here"]
Group = Literal["reviews", "social", "own", "other"]
FieldKind = Literal["text", "address", "email", "secret", "words", "number", "choice"]
Display = Literal["text", "link", "none"]


@dataclass(frozen=True)
class Field:
    """One thing that a form asks for before a channel can be linked; `name` is its key in what the form gives.

    `words` are several words or phrases, one on each line. A secret is never shown again. `choices` are pairs of value
    and label.
    """

    name: str
    label: str
    hint: str = ""
    kind: FieldKind = "text"
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    later: bool = False  # an act rather than a setting: asked for only where the channel is linked already, never kept


@dataclass(frozen=True)
class About:
    """What people want to know before they link a channel; each is one or two plain sentences."""

    reads: str  # "Reviews of your organisation and its sites, and the answers that are there already."
    answers: str  # "You publish from here." or why not
    needs: str  # from whom: "An administrator of your Facebook Page has to sign in once."
    costs: str = "Free of charge."
    permissions: str = "None."
    data: str = "What is taken down there leaves HealthBerry within a day."
    leaving: str = ""  # what unlinking gives back there, and what people have to do themselves


@dataclass(frozen=True)
class Capabilities:
    """What a kind of channel can do; composer, schedule and settings read it.

    Times are in seconds, lengths in units of `counting`; None means that there is no such limit.

    `connect` says how a channel is linked: `key` (found with no question, read with the installation's key), `oauth`
    (somebody signs in at the provider), `fields` (a form asks for what is needed), `here` (nothing outside is asked:
    what comes is entered, uploaded or sent to us). `fields` are asked for in each of these.
    """

    label: str  # "NHS.UK reviews"
    place: str  # "NHS.UK": where a reply appears, as in "Posted on NHS.UK"
    short: str  # "NHS": two to four letters for the badge
    item: str  # "review": what one piece of feedback is called there
    reply: ReplyMode
    poll_seconds: int | None  # None: there is nothing to ask, all that comes is sent, entered or uploaded
    connect: Connect
    about: About
    group: Group = "other"
    source: str = ""  # what lists say of where it came from, where that is not `place`
    sign_in: str = ""  # where one signs in, where that is not `place`
    way: str = ""  # "to the other system": how a reply gets there, where neither "on" nor "by" fits
    opens: str = ""  # "Open the article": the link to the original, where "Open on …" does not fit
    fields: tuple[Field, ...] = ()
    found: bool = False  # looked for with no question when an organisation signs up
    several: bool = True  # one organisation may link more than one
    length_limit: int | None = None
    counting: Counting = "characters"
    one_reply_only: bool = False
    reply_verb: str = "Publish"  # the composer's button: what sending does there
    notes_answers: bool = False  # nothing is sent: an answer notes how it was given
    withdraws: bool = False  # a published reply can be taken down from here: `withdraw`
    reply_window_seconds: int | None = None  # how long after the last message of its author it can be answered
    private: bool = False  # what comes in was never published: nobody outside may see it
    # What of it may stand on a public page of ours: its words; that it is there, with a link; nothing. Words only where
    # the site's terms let others repeat them without their author's name, and moderators read them before.
    display: Display = "none"
    credit: str = ""  # what its terms want beside the words, for people
    moderation_seconds: int | None = None  # how long the site may hold a reply before it shows
    moderation_note: str = ""  # the same for people: "Care Opinion publishes replies after up to 30 minutes"
    backfills: bool = True
    backfill_depth: str = ""  # for people: "the newest 800 mentions"
    serves_all: bool = True  # a backfill gets all that there is since then; False: an unknown number of the newest
    tells_total: bool = False  # the source says how many it has: `total`
    walk_days: int | None = None  # where it does not: how often everything is read again, to find what was missed
    reach_days: int | None = None  # how long a silence may last until polls miss something; None: however long
    push: bool = False  # the provider can tell us at once: `receive`
    streams: bool = False  # there is a stream to listen to: `listen`
    paid_reads: bool = False  # the provider charges for what is read: it is counted, for the whole installation
    monthly_reads: int | None = None  # how many may be read in a calendar month; None: as many as there are
    reread_seconds: int | None = None  # how often the last days are read again, to repair what push missed
    enters: bool = False  # feedback is typed into a form of ours
    imports: tuple[str, ...] = ()  # endings of the files that can be uploaded: ".csv"
    expires_days: int | None = None  # how long after the experience we may keep the words; None: as long as the source
    rechecks: bool = True
    recheck_seconds: int = 20 * 3600  # how often what is stored is looked at again, for edits and withdrawals
    recheck_days: int | None = None  # for how long after it was posted; None: as long as it is stored
    recheck_batch: int = 20  # how many are looked at in one go

    @property
    def name(self) -> str:
        """Return what lists and headings call where it came from: "Facebook", "Care Connect"."""
        return self.source or self.place

    @property
    def thing(self) -> str:
        """Return what one piece is called where it might come from anywhere: "Google review", "e-mail"."""
        return self.item if self.item.lower() == self.name.lower() else f"{self.name} {self.item}"

    @property
    def there(self) -> str:
        """Return where or how a reply appears: "on Facebook", "by e-mail"."""
        return self.way or f"{'by' if self.private else 'on'} {self.place}"

    @property
    def signs_in_at(self) -> str:
        """Return who asks for the password: "Google" for YouTube."""
        return self.sign_in or self.place

    @property
    def open_words(self) -> str:
        """Return the words of the link to the original."""
        return self.opens or f"Open on {self.place}"
