"""What a site says beside the words of a message, as pairs of label and value: kept in its `source`, under one name."""

from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors.base import InboundItem

_NAME: Final = "details"


def source_of(item: InboundItem, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be kept as the source of a message whose source is `known`.

    Details that the item does not name stay, for they may have taken a question of their own; blank ones go.
    """
    merged = {**dict(pairs(known)), **dict(item.details)}
    kept = [[label, value] for label, value in merged.items() if value]
    return {**item.source, **({_NAME: kept} if kept else {})}


def pairs(source: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the details that a source holds, in their order."""
    return [(label, value) for label, value in source.get(_NAME, ())]
