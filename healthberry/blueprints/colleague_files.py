"""The file that somebody gets who asked what is held about them as a user of HealthBerry: to read, and for machines."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from flask import render_template

from healthberry.blueprints import audit_words
from healthberry.blueprints.subject_files import written_at
from healthberry.core.colleague_copies import ColleagueCopy
from healthberry.insight import csv_rows
from healthberry.models.audit import AuditEntry

_COLUMNS = ("When (UTC)", "Whose deed", "What", "To what", "From which network")
_ACCOUNT = ("issuer", "subject", "linked_at", "used_at")
_PASSKEY = ("name", "made_at", "used_at")
_SESSION = ("browser", "made_at", "used_at", "proven_at", "remembered_until", "ended_at")
_GRANT = ("conversation_id", "given_at", "ended_at")
_CLAIM = ("way", "proofs", "made_at", "raised_at", "due_at", "lapsed", "refused_at")
_MOMENTS = ("_at", "_until", "_since")
_MEMBER = ("name", "email", "role", "role_since", "level", "created_at", "left_at", "wants_alerts")


def zipped(made: ColleagueCopy) -> bytes:
    """Return the ZIP file: a page to read, the same as JSON, and what the audit log says as a table."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read-me-first.html", render_template("data_requests/account.html", made=made, at=written_at))
        archive.writestr("data.json", json.dumps(_data(made), indent=2, ensure_ascii=False, default=str))
        archive.writestr("what-was-done.csv", csv_rows.written(_COLUMNS, _rows(made)))
    return packed.getvalue()


def _rows(made: ColleagueCopy) -> Iterator[tuple[object, ...]]:
    for whose, entries in (("You", made.did), ("Somebody else, to your account", made.done)):
        for one in entries:
            network = one.network if whose == "You" else ""
            yield (written_at(one.at), whose, audit_words.said(one.action), one.object_kind, network)


def _data(made: ColleagueCopy) -> dict[str, Any]:
    return {
        "organisation": made.organisation.name,
        "reference": made.request.reference,
        "made_at": written_at(made.made_at),
        "account": {**_fields(made.member, _MEMBER), "teams": list(made.teams)},
        "proof_that_you_act_for_it": _fields(made.claim, _CLAIM) if made.claim else None,
        "second_step": {
            "authenticator_app_since": written_at(made.app_since),
            "passkeys": [_fields(one, _PASSKEY) for one in made.passkeys],
            "recovery_codes_left": made.codes_left,
        },
        "accounts_elsewhere": [_fields(one, _ACCOUNT) for one in made.accounts],
        "browsers": [_fields(one, _SESSION) for one in made.sessions],
        "may_read_restricted": [_fields(one, _GRANT) for one in made.grants],
        "what_you_did": [_entry(one, with_network=True) for one in made.did],
        "what_others_did_to_your_account": [_entry(one, with_network=False) for one in made.done],
        "entries_left_out": made.entries_left_out,
        "counted_not_copied": dict(made.counts),
    }


def _entry(one: AuditEntry, *, with_network: bool) -> dict[str, Any]:
    """Where colleagues sat is theirs: it stays out of what they did."""
    said = {"at": written_at(one.at), "what": audit_words.said(one.action), "to": one.object_kind}
    return {**said, "network": one.network} if with_network else said


def _fields(row: Any, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: written_at(value) if name.endswith(_MOMENTS) else value for name, value in values.items()}
