"""E-mail addresses: one spelling for each mailbox, and what a mail domain proves.

A domain proves an organisation only when it is, as a whole, the web domain that the register has for it: neither
"x@nhs.uk.example.com" nor "x@evilnhs.uk" nor a sister domain does.
"""

import re

import idna

from healthberry.core.errors import Invalid

_LONGEST = 200
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")

# Where many organisations or anybody can have a mailbox: it proves that somebody is there, not for whom they act.
SHARED = frozenset(
    """
    nhs.net nhs.uk nhs.scot wales.nhs.uk scot.nhs.uk hscni.net gov.uk gov.scot gov.wales doctors.org.uk doctors.net.uk
    gmail.com googlemail.com google.com outlook.com hotmail.com hotmail.co.uk live.com live.co.uk msn.com yahoo.com
    yahoo.co.uk ymail.com rocketmail.com aol.com icloud.com me.com mac.com proton.me protonmail.com pm.me gmx.com
    gmx.co.uk gmx.net mail.com zoho.com fastmail.com tutanota.com tuta.io yandex.com btinternet.com btopenworld.com
    sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk plus.com plus.net
    facebook.com wordpress.com wixsite.com blogspot.com weebly.com sites.google.com squarespace.com
    """.split()  # noqa: SIM905 - a list of words reads better as words
)

WRONG = "Enter an e-mail address in the correct format, like name@example.nhs.uk"


def normalise(typed: str) -> str:
    """Return the one spelling of a mailbox: lower case, without a plus-tag, its domain in ASCII.

    Raises: Invalid (field "email") for what is not an address.
    """
    address = typed.strip().lower()
    local, at, domain = address.rpartition("@")
    local = local.split("+", 1)[0]
    host = _ascii(domain)
    if not at or len(address) > _LONGEST or len(local) > 64 or not _LOCAL.fullmatch(local) or not _HOST.fullmatch(host):
        raise Invalid(WRONG if address else "Enter your work e-mail address", "email")
    return f"{local}@{host}"


def domain_of(email: str) -> str:
    """Return the domain of a normalised address."""
    return email.rpartition("@")[2]


def proves(email: str, web_domain: str | None) -> bool:
    """Say whether this normalised address is at exactly the organisation's registered web domain ("www." apart)."""
    return may_prove(web_domain) and domain_of(email) == registered(web_domain)


def may_prove(web_domain: str | None) -> bool:
    """Say whether addresses at this registered web domain say for whom somebody acts."""
    domain = registered(web_domain)
    return bool(domain) and domain not in SHARED


def registered(web_domain: str | None) -> str:
    """Return the register's web domain as mail domains are compared, "" for none."""
    return _ascii((web_domain or "").strip().lower().rstrip(".").removeprefix("www."))


def _ascii(domain: str) -> str:
    """Return the domain in the form that DNS compares, "" for what can't be one."""
    try:
        return idna.encode(domain, uts46=True).decode() if domain else ""
    except (idna.IDNAError, UnicodeError):
        return ""
