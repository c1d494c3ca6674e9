"""What kind of organisation an ODS code or a handle belongs to, guessed from its looks."""

import re

# Source: NHS England, Organisation Data Service: the English ambulance trusts.
AMBULANCE = {"RX6", "RX7", "RX8", "RX9", "RYA", "RYC", "RYD", "RYE", "RYF", "RRU"}
PATTERNS = (
    ("trust", r"[RT][A-Z0-9]{2}"),
    ("pharmacy", r"F[A-Z0-9]{4}"),
    ("dentist", r"V\d{5}"),
    ("gp", r"[A-HJ-PW-Y]\d{5}"),
    ("icb", r"Q[A-Z0-9]{2}|\d{2}[A-Z]"),
    ("trust", r"7A\d"),
    ("site", r"[RT][A-Z0-9]{4,7}"),
    ("care_home", r"V[LMN][A-Z0-9]{1,4}"),
)
ORG_TYPES = {
    "trust": "TRU",
    "site": "HOS",
    "gp": "GPB",
    "dentist": "DEN",
    "pharmacy": "PHA",
    "care_home": "SCL",
    "icb": "CLI",
}
TAGS = {
    "trust": ("acute", "ae", "maternity", "community", "mental", "camhs"),
    "site": ("acute", "ae", "maternity"),
    "gp": ("gp",),
    "dentist": ("dentist",),
    "pharmacy": ("pharmacy",),
    "icb": ("icb",),
    "care_home": ("care_home",),
    "ambulance": ("ambulance",),
    "hospice": ("hospice",),
    "mixed": ("community", "hospice", "acute"),
}
WORDS = {
    "trust": "the trust",
    "site": "the hospital",
    "gp": "the surgery",
    "dentist": "the dentist",
    "pharmacy": "the pharmacy",
    "icb": "the board",
    "care_home": "the home",
    "ambulance": "the ambulance service",
    "hospice": "the hospice",
    "mixed": "the clinic",
}


def guess(code: str) -> str:
    """Return the kind that an ODS code looks like; `mixed` when it looks like nothing known."""
    code = code.split(" ", 1)[0].upper()
    if code[:3] in AMBULANCE:
        return "ambulance"
    return next((kind for kind, pattern in PATTERNS if re.fullmatch(pattern, code)), "mixed")


def guess_handle(handle: str) -> str:
    """Return the kind that a handle looks like."""
    low = handle.lower()
    hints = (
        ("ambulance", "amb"),
        ("pharmacy", "pharm"),
        ("dentist", "dent"),
        ("gp", "surgery"),
        ("gp", "practice"),
        ("gp", "medical"),
    )
    more = (("hospice", "hospice"), ("care_home", "care"), ("icb", "icb"), ("trust", "nhs"))
    return next((kind for kind, hint in hints + more if hint in low), "mixed")


def root(code: str) -> str:
    """Return the organisation that a code belongs to: the trust of a site, otherwise the code itself."""
    code = code.split(" ", 1)[0].upper()
    return code[:3] if guess(code) in ("site", "ambulance") and len(code) > 3 else code


def is_site(code: str) -> bool:
    """Say whether a code is that of a part of another organisation."""
    return root(code) != code.upper()


def org_type(code: str) -> str:
    """Return NHS.UK's three letters for the kind of organisation."""
    return ORG_TYPES.get(guess(code), "IND")
