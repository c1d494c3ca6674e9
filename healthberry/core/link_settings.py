"""What a channel was set up with: for a form, for people, and without the secrets where those are not needed."""

from dataclasses import replace
from typing import Any

from healthberry.connectors.base import Access, Capabilities, Connector, Field
from healthberry.core import channels
from healthberry.models.channels import Channel


def fields_of(channel: Channel) -> dict[str, str]:
    """Return what the form for linking was given, without the secrets; "" for what is not known."""
    about = channels.capabilities_of(channel.kind)
    return {one.name: _as_text(channel.config.get(one.name)) for one in plain_fields(about)}


def in_words(channel: Channel) -> list[tuple[str, str]]:
    """Return what the channel was set up with, as label and value for people; of secrets only that there is one."""
    kept, said = kept_secrets(channel), fields_of(channel)
    words = []
    for one in (one for one in channels.capabilities_of(channel.kind).fields if not one.later):
        value = (
            said.get(one.name, "") if one.kind != "secret" else ("Kept, and never shown" if one.name in kept else "")
        )
        words.append((one.label, dict(one.choices).get(value, value)))
    return words


def kept_secrets(channel: Channel) -> dict[str, str]:
    """Return the organisation's own secrets of the channel, for settings that change without them."""
    names = set(channels.connector_of(channel).installed_access())
    return {name: value for name, value in channels.access_of(channel).secrets.items() if name not in names and value}


def with_installed(connector: Connector, access: Access) -> Access:
    """Return the same access above the keys of this installation."""
    return replace(access, secrets={**connector.installed_access(), **access.secrets})


def plain_fields(about: Capabilities) -> list[Field]:
    """Return what is asked for and is no secret."""
    return [one for one in about.fields if one.kind != "secret"]


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)
