"""Each form of HealthBerry as somebody would send it who meant well: the one list.

A field that the application reads and that is not in it fails a test (test_hostile_forms.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """One form, filled in as it should be, and how it is then answered. "<…>" stands for what `Desk` knows."""

    endpoint: str
    fields: dict[str, str]
    answers: tuple[int, ...] = (200, 303)


_PERSON = {"name": "Priya Kaur", "email": "priya@example.nhs.uk"}
_TYPED = {"organisation": "Elm Surgery", "kind": "gp_practice", "town": "Leeds"}
_LINKING = {"address": "news.example", "password": "secret", "words": "ward", "days": "3", "how": "all"}
_PASSKEY = {"credential": '{"id": "AA", "rawId": "AA", "response": {}}', "challenge": "<challenge>"}
ISSUER = {
    "issuer": "https://issuer.invalid/a",
    "client_id": "client",
    "client_secret": "secret",
    "domains": "cedar.example",
    "role": "viewer",
    "counts_as_step": "on",
}
_MOMENT = "2027-05-03T08:00:00+00:00"
_WRITTEN = {
    "said": "Nobody told me where to park.",
    "how": "phone",
    "day": "",
    "who": "Mrs Lee",
    "site": "",
    "ward": "Ward 3",
    "rating": "2",
    "key": "0190d2f0-0000-7000-8000-000000000001",
}
_ASKED = {"kind": "complain", "about": "@wren", "words": "They shared it.", "contact": "wren@people.example"}
_TEAM = {
    "name": "North",
    "sites": "NOR01",
    "services": "Ward 3",
    "channels": "<channel>",
    "unplaced": "on",
    "people": "<colleague>",
}
FORMS = (
    Form("signup.add_unlisted", _TYPED),
    Form("signup.send_code", {"ods": "ZT1", **_PERSON}),
    Form("signup.send_code", {**_TYPED, **_PERSON}),
    Form("session.send_code", {"email": "priya@example.nhs.uk", "next": "/inbox", "way": "code"}),
    # No issuer answers here, and none may: a refusal.
    Form("openid.begin", {"organisation": "<organisation>", "next": "/inbox"}, answers=(403,)),
    Form("openid_settings.save", ISSUER),
    Form("operator.retry", {"work": "all"}),
    Form("operator.send_code", {"email": "ada@host.example"}),
    Form("operator_step.check", {"step": "<digits>"}),
    Form("operator_step.confirm", {"digits": "<digits>"}),
    Form("session.chosen", {"organisation": "<organisation>"}),
    Form("codes.check", {"code": "<code>"}),
    Form("people.accept", {"name": "Priya Kaur"}),
    Form("people.invite", {"email": "priya@example.nhs.uk", "role": "responder", "team": "<team>"}),
    Form("teams.make", _TEAM),
    Form("teams.save", {**_TEAM, "name": "South"}),
    Form("people.change_role", {"role": "viewer"}),
    Form("proving.check_code", {"code": "<proof>"}),
    Form(
        "disputes.decide",
        {"organisation": "<organisation>", "dispute": "<dispute>", "winner": "nobody", "reason": "We rang them."},
    ),
    Form("channels.start", {"next": "/inbox"}),
    Form("conversation.assign", {"assignee": "<colleague>"}),
    Form("conversation.close", {"reason": "spam"}),
    Form("conversation.snooze", {"until": "tomorrow"}),
    Form("conversation.snooze", {"until": "", "at": "<tomorrow>"}),
    Form("conversation.notes", {"note": "Ask the ward."}),
    Form("reply.draft", {"text": "Thank you", "version": "1", "way": ""}),
    Form("reply.publish", {"text": "Thank you", "version": "1", "way": "", "seen": _MOMENT}),
    # The moment is read only where the thread has moved on.
    Form("reply.publish", {"text": "Thank you", "version": "0", "seen": _MOMENT}, answers=(409,)),
    Form("settings.save", {"name": "Priya Kaur", "wants_alerts": "on"}),
    Form(
        "reply.publish", {"text": "Ring Mrs Lee", "version": "1", "let_stand": "<mark>", "let_stand_reason": "Agreed"}
    ),
    Form(
        "settings.save_organisation",
        {"alert_excerpts": "on", "contacts": "0113 496 0100\npals@example.nhs.uk", "second_step": ""},
    ),
    Form("second_step.check", {"step": "<digits>", "remember": "on"}),
    Form("confirm.check", {"step": "<digits>"}),
    Form("passkeys.sign_in", {**_PASSKEY, "next": "/inbox"}, answers=(422,)),  # no browser signed it
    Form("passkeys.second", _PASSKEY),
    Form("passkeys.confirm", _PASSKEY),
    Form("passkeys.add", {**_PASSKEY, "name": "Work phone"}, answers=(422,)),
    Form("own_sign_in.confirm_app", {"digits": "<digits>"}),
    Form("public_settings.choose", {"channel": "<channel>"}),
    Form("public_settings.switch_on", {"seen": "on"}),
    Form("keeping.shorten", {"months": "12"}),
    Form("audit.export", {"who": "Priya", "what": "noted", "about": "", "first": "2027-05-03", "last": "2027-05-04"}),
    Form(
        "erasing.erase",
        {"who": "<writer>", "confirm": "on", "reference": "IG-7", "reason": "", "answers": "", "notes": ""},
    ),
    Form("concerns.mark", {"concern": "crisis"}),
    Form("concerns.give", {"reader": "<colleague>"}),
    Form("requests.restrict", {"who": "<writer>", "reason": "Asked."}),
    Form("requests.hold", {"what": "conversation", "why": "A claim."}),
    Form("rights.ask", {**_ASKED, "key": "1"}),
    Form("data_requests.write_down", {**_ASKED, "received": "<yesterday>"}),
    Form("data_requests.save_contact", {"dpo_name": "Ada Day", "dpo_email": "dpo@example.nhs.uk"}),
    Form("data_requests.restrict", {"who": "<match>"}),
    Form("data_requests.copy", {"who": "<match>", "reason": "Identity checked", "notes": "on"}),
    Form("data_requests.copy_account", {"colleague": "<colleague>", "account_reason": "Identity checked"}),
    Form("data_requests.extend", {"extension": "It is a lot.", "told": "on"}),
    Form("data_requests.close", {"outcome": "answered", "answer": "Here it is.", "tell": "on"}),
    Form("disclosures.report", {"what": "name", "found": "<earlier>"}),
    Form("disclosures.removed", {"sure": "on"}),
    Form("disclosures.close", {"outcome": "reported", "ico_reference": "IC-1", "reason": ""}),
    Form("unsubscribe.change", {"alerts": "on"}),
    Form("unsubscribe.change", {"List-Unsubscribe": "One-Click"}),
    Form("coverage.read_again", {"day": "<yesterday>"}),
    Form("channels.unlink", {"keep": "kept"}),
    Form("writing_down.save", _WRITTEN),
    Form("imports.upload", {"file": "may.csv"}, answers=(422,)),  # a name alone is no file
    Form("imports.answer", {"column_date": "0"}),
    Form("copies.join", {"other": "<conversation>"}, answers=(422,)),
    Form("noise.add", {"kind": "must_not", "words": "museum"}),
    Form("noise.refuse", {"phrase": "museum"}),
    Form("linking.begin", _LINKING),
    Form("channels.save_settings", _LINKING),
    Form("linking.choose", {"state": "<state>", "chosen": "page-1"}),
)
