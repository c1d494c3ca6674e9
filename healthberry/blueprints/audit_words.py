"""The audit log in plain words: the page, its form and the file that is taken out call each action the same."""

from collections.abc import Mapping
from datetime import UTC

from healthberry.models.audit import AuditEntry

ACTIONS: Mapping[str, str] = {
    # Signing in
    "signed_in": "Signed in",
    "sign_in_refused": "A sign-in was refused",
    "signed_out": "Signed out",
    "signed_out_everywhere": "Signed out on all devices",
    "step_refused": "A second step was refused",
    "proved": "Proved again that it was them",
    "second_step_added": "Set up a second step",
    "second_step_removed": "Removed a second step",
    "recovery_codes_made": "Made new recovery codes",
    "recovery_code_used": "Used a recovery code",
    "member_session_ended": "Signed out on another device",
    "identity_linked": "Linked their organisation's account",
    "identity_unlinked": "Removed their organisation's account",
    # People
    "organisation_joined": "Signed the organisation up",
    "member_joined": "Joined",
    "member_invited": "Invited somebody",
    "member_approved": "Approved somebody",
    "member_verified": "Let somebody publish, after checking them",
    "member_refused": "Refused somebody",
    "member_proved": "Proved that they act for the organisation",
    "proof_refused": "Typed a wrong code that was to prove for whom they act",
    "member_lapsed": "May no longer publish: their proof ran out",
    "member_disputed": "Was put on hold by a dispute",
    "dispute_decided": "Decided a dispute",
    "member_role_changed": "Changed somebody's role",
    "member_second_step_reset": "Reset somebody's second step",
    "member_left": "Ended a membership",
    "member_handed_over": "Handed over to another administrator",
    "team_made": "Made a team",
    "team_changed": "Changed a team",
    "team_removed": "Removed a team",
    "member_limited": "Changed which conversations somebody sees",
    "approval_asked": "Asked to be approved",
    "check_asked": "Asked to be checked",
    # Settings
    "own_settings_changed": "Changed their own settings",
    "alerts_switched": "Alerts were switched by a link in an e-mail",
    "settings_changed": "Changed settings for everybody",
    "second_step_wanted": "Changed whether everybody needs a second step",
    "issuer_changed": "Changed the sign-in with the organisation's own accounts",
    "issuer_tested": "Tested the sign-in with the organisation's own accounts",
    "issuer_switched_on": "Switched the sign-in with the organisation's own accounts on",
    "issuer_switched_off": "Switched the sign-in with the organisation's own accounts off",
    "keeping_changed": "Changed how long something is kept",
    # Channels
    "channels_wanted": "Had channels looked for",
    "channel_linked": "Linked a channel",
    "channel_connected": "Connected a channel",
    "channel_wanted": "Had a channel read at once",
    "channel_switched_off": "Switched a channel off",
    "channel_unlinked": "Unlinked a channel",
    "walk_wanted": "Had a channel read again from a day on",
    "noise_changed": "Changed what counts as noise",
    "quarantine_wanted": "Had unread pieces tried again",
    "quarantine_handled": "Dealt with unread pieces",
    "file_uploaded": "Uploaded a file",
    "file_removed": "Removed an uploaded file",
    "import_started": "Imported a file",
    "import_taken_back": "Took an import back",
    "written_down": "Wrote feedback down",
    "written_down_taken_back": "Took back what they had written down",
    # Conversations
    "assigned": "Gave a conversation to somebody",
    "closed": "Closed a conversation",
    "reopened": "Opened a conversation again",
    "snoozed": "Snoozed a conversation",
    "waiting": "Marked a conversation as waiting",
    "aside": "Set a conversation aside",
    "joined": "Joined a conversation to its copy",
    "parted": "Parted a conversation from its copy",
    "noted": "Wrote a note",
    "reply_queued": "Sent a reply",
    "guard_overridden": "Published a reply although something was found in it",
    "reply_written": "Wrote a reply to copy",
    "reply_copied": "Copied a reply",
    "reply_taken_back": "Took a reply back",
    "replied": "Confirmed that a reply is on the site",
    # Rights
    "erasure_begun": "Had what somebody wrote erased",
    "erasure_finished": "What somebody wrote was erased",
    "restricted": "Restricted a conversation",
    "restriction_lifted": "Lifted a restriction",
    "restricted_read": "Read a restricted conversation",
    "grant_given": "Let somebody read what is restricted",
    "grant_taken": "Let themselves read what is restricted",
    "grant_kept": "Goes on reading what they restricted",
    "grant_ended": "Took the right to read what is restricted back",
    "data_request_received": "A request about data came in",
    "data_request_written_down": "Wrote a request about data down",
    "data_request_acknowledged": "Acknowledged a request about data",
    "data_request_restricted": "Restricted words while a request is assessed",
    "data_request_unrestricted": "Ended a restriction while a request is assessed",
    "data_request_extended": "Extended the time for a request about data",
    "data_request_closed": "Closed a request about data",
    "data_copied": "Took a copy of what is held about somebody",
    "breach_reported": "Reported that a reply contained personal data",
    "breach_removed": "Took a reply with personal data down",
    "breach_closed": "Decided about a reply with personal data",
    "hold_placed": "Placed a legal hold",
    "hold_lifted": "Lifted a legal hold",
    "commissioning_said": "Said who commissions whom",
    "provider_read": "Read a provider's figures and published words",
    # The log and the installation
    "audit_exported": "Took the audit log out",
    "work_retried": "Had failed work tried again",
    "backup_taken": "Took a backup of everything",
    "backup_restored": "Restored a backup",
    "operator_step_reset": "Reset an operator's second step",
    "secrets_rotated": "Sealed the secrets with a new key",
}
_ACTORS = {"operator": "Operator", "system": "HealthBerry", "nobody": "Somebody not signed in"}
COLUMNS = (
    "Number",
    "When (UTC)",
    "Who",
    "Member",
    "What",
    "Action",
    "About",
    "About (id)",
    "Network",
    "Request",
    "Details",
    "Hash",
)


def said(action: str) -> str:
    """Return what an action is called."""
    return ACTIONS.get(action, action.replace("_", " ").capitalize())


def who(entry: AuditEntry) -> str:
    """Return whose deed it is."""
    if entry.actor == "member":
        return entry.name
    return f"{_ACTORS[entry.actor]}{f' ({entry.name})' if entry.name else ''}"


def about(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Return what it was done to: a name where there is one, else what kind of thing it is."""
    return names.get(entry.object_id) or entry.object_kind.capitalize()


def facts(entry: AuditEntry) -> str:
    """Return the small facts on one line, such as "reason: spam"."""
    return ", ".join(f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in sorted(entry.details.items()))


def row(entry: AuditEntry, names: Mapping[str, str]) -> tuple[object, ...]:
    """Return the entry as a line of the file that is taken out; see `COLUMNS`."""
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    did = (said(entry.action), entry.action, about(entry, names), entry.object_id)
    return (
        entry.number,
        at,
        who(entry),
        entry.member_id or "",
        *did,
        entry.network,
        entry.request_id,
        facts(entry),
        bytes(entry.hash).hex(),
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
