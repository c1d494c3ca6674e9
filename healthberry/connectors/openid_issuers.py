"""Issuers of OpenID Connect: which may be asked at all, and what one's claims are believed.

An e-mail address in a token is worth what its issuer has checked. The reasons for each rule: docs/decisions/
0025-openid-connect.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

# Microsoft's own hosts of tokens. One issuer there stands for one tenant; these names stand for everybody's.
_ENTRA_HOSTS: Final = frozenset(
    {"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"}
    | {"login.microsoftonline.us", "login.partner.microsoftonline.cn"}
)
_TENANT: Final = re.compile(r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/v2\.0|/)?")
_CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"  # everybody's private Microsoft account
_GOOGLE: Final = "https://accounts.google.com"
_LONGEST: Final = 300
_MFA_ACR: Final = frozenset(
    {
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "https://refeds.org/profile/mfa",
        "phr",
        "phrh",
    }
)


@dataclass(frozen=True)
class Identity:
    """Who an issuer says somebody is. `email` is "" where it is not believed; `mfa`: more than one factor was shown."""

    issuer: str
    subject: str
    email: str
    name: str
    mfa: bool


class NotAnIssuer(ValueError):
    """This address can't be an issuer; the message is a sentence for people."""


def check(issuer: str, *, on_this_machine: bool = False) -> str:
    """Return the issuer as it was typed, without blanks around it. Raises: NotAnIssuer.

    It is compared character by character with what tokens say. `on_this_machine` lets the sandbox's address pass.
    """
    issuer = issuer.strip()
    try:
        parts = urlsplit(issuer)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotAnIssuer("Enter an address that begins with https://") from None
    printable = issuer.isascii() and issuer.isprintable() and " " not in issuer
    if not host or not printable or len(issuer) > _LONGEST or parts.query or parts.fragment or parts.username:
        raise NotAnIssuer("Enter an address that begins with https://, and has no question mark in it")
    if not on_this_machine and (parts.scheme != "https" or port not in (None, 443) or "." not in host):
        raise NotAnIssuer("Enter an address that begins with https:// and has no other port")
    if host in _ENTRA_HOSTS:
        _check_tenant(issuer)
    return issuer


def tenant_of(issuer: str) -> str:
    """Return the id of the one tenant of Microsoft Entra that this issuer stands for, "" for other issuers."""
    parts = urlsplit(issuer)
    found = _TENANT.fullmatch(parts.path) if parts.hostname in _ENTRA_HOSTS else None
    return found[1] if found else ""


def believed(issuer: str, claims: Mapping[str, Any]) -> Identity:
    """Return whom a checked token is about."""
    return Identity(
        issuer,
        str(claims["sub"]),
        _email(issuer, claims),
        _text(claims.get("name"))[:200],
        _used_several_factors(claims),
    )


def is_of_this_tenant(issuer: str, claims: Mapping[str, Any]) -> bool:
    """Say whether a token is from the tenant that its issuer stands for; issuers without tenants always are."""
    tenant = tenant_of(issuer)
    return not tenant or claims.get("tid") == tenant


def _check_tenant(issuer: str) -> None:
    tenant = tenant_of(issuer)
    if not tenant or tenant == _CONSUMERS:
        raise NotAnIssuer(
            "Enter the issuer of your own tenant, with its id, in small letters: "
            "https://login.microsoftonline.com/your-tenant-id/v2.0. Addresses with “common”, “organizations” or "
            "“consumers” would let in people of every tenant"
        )


def _email(issuer: str, claims: Mapping[str, Any]) -> str:
    """Return the address that the issuer vouches for, "" for none.

    Microsoft's `email`, `preferred_username` and `upn` can be changed by whoever administers any tenant; of them only
    `email` is taken, with the claim that the owner of its domain was verified. Google verifies private accounts
    with other people's addresses: `hd` says that the account belongs to the domain.
    """
    email = _text(claims.get("email"))
    if tenant_of(issuer):
        return email if claims.get("xms_edov") in (True, 1, "1", "true") else ""
    if claims.get("email_verified") is not True:
        return ""
    if issuer == _GOOGLE and _text(claims.get("hd")).lower() != email.rpartition("@")[2].lower():
        return ""
    return email


def _used_several_factors(claims: Mapping[str, Any]) -> bool:
    methods = claims.get("amr")
    return (isinstance(methods, list) and "mfa" in methods) or _text(claims.get("acr")) in _MFA_ACR


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
