"""Problems of Care Connect become items: those handed over, and those of an export.

Source: citizenconnect, issues/models.py. Its statuses are kept as facts: they are the past of a problem, not ours.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from healthberry.connectors.base import Author, BadItem, File, InboundItem
from healthberry.connectors.reading import (
    Unreadable,
    first,
    identifier,
    mapping,
    moment,
    read_each,
    sequence,
    small,
)
from healthberry.connectors.text import clean, line

# Problem.status: the number, the label, and whether Care Connect counted it as open or closed ("" for neither).
STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "0": ("Open", "open"),
    "1": ("In progress", "open"),
    "2": ("Resolved", "closed"),
    "3": ("Unable to resolve", "closed"),
    "4": ("Referred to another provider", ""),
    "5": ("Unable to contact", "closed"),
    "6": ("Abusive or vexatious", "closed"),
}
_TITLES: Final = {
    "staff": "Staff",
    "access": "Access to services",
    "delays": "Delays",
    "treatment": "Treatment",
    "communication": "Communication",
    "cleanliness": "Cleanliness",
    "equipment": "Equipment",
    "medicines": "Medicines",
    "dignity": "Dignity and privacy",
    "parking": "Parking",
    "lostproperty": "Lost property",
    "food": "Food",
    "other": "",  # "Something else" would say nothing: the words of the problem say more
}
_RING: Final = "They left a telephone number and no e-mail address: ring {phone}."
_RATHER_RING: Final = "They asked to be rung: {phone}."


def problem(kept: Mapping[str, Any]) -> InboundItem | None:
    """Return the item of a problem as `receive` kept it, with its pictures; None where it is none."""
    facts, reference = mapping(kept.get("facts")), identifier(kept.get("reference"))
    at = moment(kept.get("received_at"))
    if not reference or at is None:
        return None
    return _item(reference, at, facts, _files(kept.get("images")))


def exported(rows: Iterable[Mapping[str, Any]]) -> tuple[list[InboundItem], list[BadItem]]:
    """Return the items of an export's rows, by the names of its columns; what is unusable is kept aside.

    Columns: reference (or reference_number, id), created (or created_at), organisation, service_code, description,
    category, status, reporter_name, reporter_email, reporter_phone, priority, breach, source. Only the first and the
    description have to be there.
    """
    return read_each(list(rows), lambda row: [_row(mapping(row))], lambda row: identifier(_reference(mapping(row))))


def _row(row: Mapping[str, Any]) -> InboundItem:
    named = {str(name).strip().lower().replace(" ", "_"): value for name, value in row.items() if value is not None}
    reference = identifier(_reference(named))
    if not reference:
        raise Unreadable("It has no reference number.")
    at = moment(first(named, "created", "created_at", "date"))
    if at is None:
        raise Unreadable("It does not say when it was reported.")
    if not clean(first(named, "description", "moderated_description")):
        raise Unreadable("It holds no words.")
    return _item(reference if reference.startswith("P") else f"P{reference}", at, named, ())


def _reference(row: Mapping[str, Any]) -> Any:
    return first(row, "reference", "reference_number", "id")


def _item(reference: str, at: datetime, facts: Mapping[str, Any], files: tuple[File, ...]) -> InboundItem:
    email, phone = line(facts.get("reporter_email"), 254), line(facts.get("reporter_phone"), 50)
    status, counted = STATUSES.get(line(facts.get("status"), 5), ("", ""))
    return InboundItem(
        remote_id=reference,
        thread_id=reference,
        direction="inbound",
        author=Author(None, line(facts.get("reporter_name"), 200) or "Somebody"),
        text=clean(first(facts, "description", "moderated_description")),
        title=_title(facts),
        posted_at=at.astimezone(UTC),
        service_code=line(facts.get("organisation"), 20).upper() or None,
        may_not_reply=_may_not_reply(facts, email, phone),
        files=files,
        source=small(
            private=True,
            email=email,
            phone=phone,
            status=status,
            counted=counted,
            category=facts.get("category"),
            service_code=facts.get("service_code"),
            priority="high" if line(facts.get("priority"), 5) == "20" else "normal",
            breach=_true(facts.get("breach")),
            second_tier=_true(facts.get("requires_second_tier_moderation")),
            reported_by=facts.get("source"),
            public=_true(facts.get("public")),
            public_name=_true(facts.get("public_reporter_name")),
            moderated=facts.get("moderated_description"),
        ),
    )


def _title(facts: Mapping[str, Any]) -> str:
    category = line(facts.get("category"), 50)
    parts = [_TITLES.get(category, category)]
    parts += ["high priority"] if line(facts.get("priority"), 5) == "20" else []
    parts += ["breach of care standards"] if _true(facts.get("breach")) else []
    return ", ".join(part for part in parts if part)


def _may_not_reply(facts: Mapping[str, Any], email: str, phone: str) -> str | None:
    if phone and not email:
        return _RING.format(phone=phone)
    if phone and facts.get("preferred_contact_method") == "phone":
        return _RATHER_RING.format(phone=phone)
    return None if email else "They left neither an e-mail address nor a telephone number."


def _true(value: Any) -> bool:
    return value is True or line(value, 10).lower() in ("1", "true", "yes")


def _files(images: Any) -> tuple[File, ...]:
    found: list[File] = []
    for number, image in enumerate(sequence(images), 1):
        try:
            body = base64.b64decode(image, validate=True)
        except (binascii.Error, ValueError, TypeError):
            continue
        found.append(File(f"Picture {number}.jpg", "image/jpeg", body))
    return tuple(found)
