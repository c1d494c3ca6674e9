"""What only whoever runs an organisation's website or its domain can put there: a file, a DNS record, a mailbox.

The website is fetched by https alone, and every address behind it is checked (safe_fetch.py). Names are looked up at
the name server of the settings, else at the system's; answers are not DNSSEC-validated here, only by that server.
"""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

import dns.exception
import dns.name
import dns.resolver
import httpx

from healthberry.connectors.public_addresses import Resolve, system_resolve
from healthberry.connectors.safe_fetch import WHOLE_SECONDS, FetchFailed, SafeFetch
from healthberry.connectors.websites import registered, targets

FILE: Final = ".well-known/healthberry-verification.txt"
LABEL: Final = "_healthberry"
_DNS_SECONDS: Final = 4.0
_MOST_LINES: Final = 50
_PAGES: Final = ("", "contact-us", "contact")
# Mailboxes that more than one person reads, the likeliest first.
_SHARED_NAMES: Final = (
    *("contact", "contactus", "enquiries", "enquiry", "info", "communications", "comms", "pals", "hello", "general"),
    *("reception", "office", "admin", "feedback", "patientexperience", "patient.experience", "complaints"),
)
_ADDRESS: Final = re.compile(r"[a-z0-9._-]{1,64}@[a-z0-9.-]{4,200}")


class NotSeen(Exception):
    """It could not be looked for; the message is half a sentence for people. `passes`: it may be possible later."""

    def __init__(self, reason: str, *, passes: bool = False) -> None:
        super().__init__(reason)
        self.passes = passes


class SiteProofs:
    """Looks at organisations' websites and domains; `mapped` is the sandbox's base for websites.

    `name_server` is address and port as the setting DNS_SERVER has them, None for the system's.
    """

    def __init__(
        self,
        mapped: str | None,
        name_server: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = system_resolve,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._fetch = SafeFetch(mapped, transport=transport, resolve=resolve, whole_seconds=whole_seconds)
        self._name_server = name_server

    def file_lines(self, web_domain: str | None) -> list[str]:
        """Return the lines of the file that proves something, [] for an organisation without a website.

        Raises: NotSeen.
        """
        domain = registered(web_domain)
        if not domain:
            return []
        urls = [f"https://{host}/{FILE}" for host in (domain, f"www.{domain}")]
        try:
            found = self._fetch.first_of(urls, domain, wanted="plain", https_only=True)
        except FetchFailed as failure:
            raise NotSeen(str(failure), passes=failure.passes) from None
        return [line.strip() for line in found.html.splitlines()[:_MOST_LINES]]

    def txt_records(self, web_domain: str | None) -> list[str]:
        """Return the TXT records of `_healthberry.<domain>`, [] where there are none. Raises: NotSeen."""
        domain = registered(web_domain)
        if not domain:
            return []
        try:
            answer = self._resolver().resolve(dns.name.from_text(f"{LABEL}.{domain}."), "TXT", lifetime=_DNS_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NotSeen("its name servers did not answer", passes=True) from error
        return [b"".join(record.strings).decode("utf-8", "replace").strip() for record in answer]

    def contact_mailbox(self, web_domain: str | None) -> tuple[str, str]:
        """Return the contact mailbox that the website names, and the host that names it; ("", "") for none.

        Only mailboxes at this very domain that are named for a task, not for a person, and are linked from the home
        page or the contact page. Raises: NotSeen where no page could be read.
        """
        domain = registered(web_domain)
        found: dict[str, str] = {}
        failures: list[NotSeen] = []
        for page in _PAGES if domain else ():
            urls = [f"https://{host}/{page}" for host in (domain, f"www.{domain}")]
            try:
                fetched = self._fetch.first_of(urls, domain, https_only=True)
            except FetchFailed as failure:
                failures.append(NotSeen(str(failure), passes=failure.passes))
            else:
                found |= {name: fetched.host for name in _task_mailboxes(fetched.html, domain) if name not in found}
        if len(failures) == len(_PAGES):
            raise failures[0]
        best = min(found, key=_SHARED_NAMES.index, default="")
        return (f"{best}@{domain}", found[best]) if best else ("", "")

    def _resolver(self) -> dns.resolver.Resolver:
        if self._name_server is None:
            return dns.resolver.Resolver()
        resolver = dns.resolver.Resolver(configure=False)
        server = urlsplit(f"//{self._name_server}")
        resolver.nameservers, resolver.port = [str(server.hostname)], server.port or 53
        return resolver


def _task_mailboxes(html: str, domain: str) -> list[str]:
    """Return the names before the @ of the task mailboxes at `domain` that a page links to."""
    names = []
    for target in targets(html):
        if not target.strip().lower().startswith("mailto:"):
            continue
        address = unquote(target.strip()[7:].partition("?")[0]).strip().lower()
        name, _, host = address.partition("@")
        if _ADDRESS.fullmatch(address) and host == domain and name in _SHARED_NAMES:
            names.append(name)
    return names
