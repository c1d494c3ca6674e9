"""Every kind of channel that the sandbox imitates, linked as people link it, and how patients write there.

The signing in at the sandbox's pages is that of the connectors' own tests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from healthberry.connectors.base import Access, Connector, Linkable, Linkables, ProviderFacts
from healthberry.core import channels, events, linking
from healthberry.core.pending_links import Begun
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from tests.connectors.conftest import Sandbox
from tests.connectors.kinds import bluesky, google, mastodon

BACK = google.BACK
_VERIFIER = mastodon.VERIFIER


@dataclass(frozen=True)
class Kind:
    """What the run has to know of a kind: how it is written to, which faults fit it, whether it is answered by API.

    `history` says that past items can be loaded before it is linked. `ways` are fields that a new item may have.
    `marks` begin ids that we store where the sandbox has none of them.
    """

    name: str
    answered: bool = False
    renewed: bool = False  # somebody signed in, and what came of it is renewed
    history: bool = True
    listed: bool = True  # reading it is asking for lists over HTTP, which can be spoilt
    threads: bool = False
    ways: Sequence[Mapping[str, Any]] = ({},)
    marks: str = ""


KINDS = {
    one.name: one
    for one in (
        Kind("nhsuk", answered=True, ways=({"rating": 2}, {"rating": 5})),
        Kind("careopinion"),
        Kind("x", answered=True, renewed=True, threads=True),
        Kind(
            "facebook",
            answered=True,
            ways=({"as": "comment"}, {"as": "visitor"}, {"as": "rating", "rating": 2}),
            marks="rating-",
        ),
        Kind("instagram", answered=True, ways=({"as": "comment"},)),
        Kind("google", answered=True, renewed=True, ways=({"rating": 1}, {"rating": 4})),
        Kind("youtube", answered=True, renewed=True),
        Kind("mastodon", answered=True, threads=True),
        Kind("bluesky", answered=True, renewed=True, threads=True),
        Kind("feed"),
        Kind("email", answered=True, listed=False),
        Kind("webhook", answered=True, history=False, listed=False),
        Kind("careconnect", history=False, listed=False),
    )
}


@dataclass(frozen=True)
class Line:
    """One linked channel of one organisation, and the sandbox's words for the place where it is written."""

    kind: Kind
    where: Mapping[str, str]
    code: str
    organisation_id: UUID
    channel_id: UUID = field(default_factory=lambda: UUID(int=0))

    @property
    def name(self) -> str:
        """A name for people."""
        return f"{self.kind.name} of {self.code}"


def where(kind: str, number: int, code: str) -> dict[str, str]:
    """Return how the sandbox names a place that nobody else uses."""
    named = {
        "x": f"Trust{number}NHS",
        "facebook": f"trust{number}page",
        "instagram": f"trust{number}gram",
        "youtube": f"trust{number}nhs",
        "mastodon": f"trust{number}@social.example",
        "bluesky": f"trust{number}.nhs.example",
        "feed": f"town-{number}",
        "email": f"feedback@trust{number}.nhs.uk",
        "webhook": f"survey-{number}",
    }
    return {"handle": named[kind]} if kind in named else {"ods_code": code}


def words(line: Line, text: str) -> str:
    """Return a text as a patient has to write it there."""
    return f"@{line.where['handle']} {text}" if line.kind.name == "x" else text


def link(member: Member, kind: str, place: Mapping[str, str], code: str, sandbox: Sandbox, web: str) -> UUID:
    """Link a channel as its page would; return its id. Commits."""
    connector: Connector = part("connectors").get(kind)
    if kind in ("nhsuk", "careopinion"):
        facts = ProviderFacts(code, f"Trust {code}", "trust", None, "England")
        (channel_id,) = channels.link_found(member.organisation_id, connector.discover(facts))
        events.commit()
        return channel_id
    access, found = _signed_in(connector, place, code, sandbox)
    begun = Begun(kind, access, found=Linkables(found))
    (channel,) = linking.link(member, begun, found)
    channel_id = channel.id
    events.commit()
    _told(sandbox, kind, place, web, channel_id, found[0])
    return channel_id


def _signed_in(
    connector: Connector, place: Mapping[str, str], code: str, sandbox: Sandbox
) -> tuple[Access, Sequence[Linkable]]:
    handle = place.get("handle", "")
    if connector.kind in ("google", "youtube"):
        begun = connector.prepare({"locations": ""} if connector.kind == "google" else {}, BACK)
        access = google.sign_in(connector, sandbox, begun, handle or code)
    elif connector.kind in ("facebook", "instagram"):
        access = _at_meta(connector, sandbox, handle)
    elif connector.kind == "mastodon":
        access = _at_mastodon(connector, sandbox, handle)
    elif connector.kind == "x":
        access = _at_x(connector, sandbox, handle)
    else:
        access = connector.prepare(_form(connector.kind, handle, code, sandbox), "")
    found = connector.link(access).found
    assert len(found) == 1, f"{connector.kind}: {len(found)} to link"
    return access, found


def _form(kind: str, handle: str, code: str, sandbox: Sandbox) -> Mapping[str, str]:
    return {
        "bluesky": {"handle": f"@{handle}", "app_password": bluesky.APP_PASSWORD},
        "feed": {"address": f"{sandbox.url}/websites/localnews.example/{handle}/feed.xml"},
        "email": {"address": handle, "password": "simulated"},
        "webhook": {"name": handle, "callback": f"{sandbox.url}/webhook/{handle}/answers"},
        "careconnect": {"codes": code, "reply_to": ""},
    }[kind]


def _authorised(connector: Connector, begun: Access, sandbox: Sandbox, path: str, form: Mapping[str, str]) -> Access:
    page = sandbox.http.get(connector.authorise_url(begun, "state-1", BACK, _VERIFIER)).text
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    answer = sandbox.http.post(path, data={**fields, **form})
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    got = connector.authorise(begun, query, BACK, _VERIFIER)
    return Access(begun.config, {**begun.secrets, **got.secrets}, got.expires_at)


def _at_x(connector: Connector, sandbox: Sandbox, handle: str) -> Access:
    return _authorised(connector, connector.prepare({}, BACK), sandbox, "/x/i/oauth2/authorize", {"username": handle})


def _at_meta(connector: Connector, sandbox: Sandbox, handle: str) -> Access:
    begun = connector.prepare({"messages": "no"} if connector.kind == "facebook" else {}, BACK)
    return _authorised(connector, begun, sandbox, "/facebook/v26.0/dialog/oauth", {"name": handle})


def _at_mastodon(connector: Connector, sandbox: Sandbox, handle: str) -> Access:
    begun = connector.prepare({"server": f"@{handle}", "tags": ""}, BACK)
    address = connector.authorise_url(begun, "state-1", BACK, _VERIFIER).partition("?")[0]
    return _authorised(connector, begun, sandbox, address, {"username": handle.partition("@")[0]})


def _told(sandbox: Sandbox, kind: str, place: Mapping[str, str], web: str, channel_id: UUID, linked: Linkable) -> None:
    """Tell the systems that send by themselves where to, as people enter there what we showed them."""
    shown = dict(linked.reveal)
    if kind == "webhook":
        _control(
            sandbox, "webhooks", handle=place["handle"], hook=f"{web}/hooks/webhook/{channel_id}",
            secret=shown["Shared secret"],
        )  # fmt: skip
    elif kind == "careconnect":
        _control(
            sandbox, "careconnect", ods_code=place["ods_code"], address=f"{web}/api/v0.1/problem",
            user=shown["User name"], password=shown["Password"],
        )  # fmt: skip


def tell_installation(sandbox: Sandbox, web: str, bearer: str) -> None:
    """Enter the addresses of the whole installation where apps are set up: at Meta's, and at X."""
    _control(sandbox, "facebook/hooks", object="page", callback=f"{web}/hooks/facebook")
    _control(sandbox, "facebook/hooks", object="instagram", callback=f"{web}/hooks/instagram")
    answer = sandbox.http.post(
        "/x/2/webhooks", headers={"Authorization": f"Bearer {bearer}"}, json={"url": f"{web}/hooks/x"}
    )
    answer.raise_for_status()


def resend(sandbox: Sandbox, line: Line, web: str, secret: str) -> int:
    """Have a survey send again what was not taken, as its makers are asked to; return how much that was."""
    body = {"handle": line.where["handle"], "hook": f"{web}/hooks/webhook/{line.channel_id}", "secret": secret}
    answer = sandbox.http.post("/control/webhooks", json=body)
    answer.raise_for_status()
    return int(answer.json()["sent"])


def secret_of(line: Line) -> str:
    """Return the secret of a webhook's channel."""
    channel = db.session.get_one(Channel, (line.organisation_id, line.channel_id))
    return str(part("vault").open(channel.sealed_secrets)["secret"])


def written(random: Random, marker: str) -> str:
    """Return a text that no other is like, ending in a word of its own."""
    said = " ".join(
        "".join(random.choices("aeioulmnrst", k=random.randint(3, 8))) for _ in range(random.randint(8, 16))
    )
    return f"{said} {marker}"


def _control(sandbox: Sandbox, path: str, **body: Any) -> None:
    sandbox.http.post(f"/control/{path}", json=body).raise_for_status()
