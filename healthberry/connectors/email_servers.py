"""Which servers an address's mail is read and sent by: as somebody typed them, else as the directory knows the domain.

Source, from memory: Mozilla's directory of mail servers, `GET /v1.1/<domain>`: XML, `incomingServer type="imap"` and
`outgoingServer type="smtp"`, each with hostname, port and socketType (SSL, STARTTLS, plain). A domain that is missing
there answers 404. Microsoft documents its own two servers.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from xml.etree import ElementTree  # nosec B405

import httpx

from healthberry.connectors.errors import ConnectorError, Gone, NotLinked
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Refusals
from healthberry.connectors.mail_servers import MailHost, Security
from healthberry.connectors.reading import mapping
from healthberry.connectors.text import line

REFUSALS: Final[Refusals] = {404: (Gone, "The directory of mail servers does not know this domain.")}
MICROSOFT: Final = (MailHost("outlook.office365.com", 993, "tls"), MailHost("smtp.office365.com", 587, "starttls"))
# Those that put what they send into the folder for sent e-mail themselves. Source: Microsoft and Google document it.
_FILE_COPIES: Final = ("outlook.office365.com", "imap.gmail.com")
_LARGEST_BYTES: Final = 200_000
_SOCKETS: Final[Mapping[str, Security]] = {"SSL": "tls", "STARTTLS": "starttls", "plain": "none"}


class Directory:
    """The directory of mail servers. `simulated`: its answers may name servers anywhere, without encryption."""

    def __init__(self, address: str, *, simulated: bool, transport: httpx.BaseTransport | None = None) -> None:
        self.simulated = simulated
        self._http = Http(address, "The directory of mail servers", REFUSALS, transport=transport, read_seconds=5.0)

    def servers(self, domain: str) -> tuple[MailHost, MailHost, bool]:
        """Return where mail of a domain is read and sent, and whether sent mail is filed there; a guess for others."""
        try:
            body = self._http.get("/{domain}", headers={"Accept": "application/xml"}, domain=domain).body
            known = self._known(body) if len(body) <= _LARGEST_BYTES else None
        except ConnectorError:
            known = None
        if known is None:
            return MailHost(f"imap.{domain}", 993, "tls"), MailHost(f"smtp.{domain}", 587, "starttls"), False
        return known

    def typed(self, text: str, *, sending: bool) -> MailHost:
        """Return the server that somebody typed, "host" or "host:port". Raises: NotLinked."""
        host, _, port = text.strip().rpartition(":") if ":" in text else (text.strip(), "", "")
        usual = 587 if sending else 993
        number = int(port) if port.isascii() and port.isdigit() else usual
        if not host.isascii() or not host or not all(part.strip() for part in host.split(".")) or number > 65535:
            raise NotLinked("Enter the name of a server, such as mail.example.nhs.uk.")
        if self.simulated:
            return MailHost(host, number, "none", trusted=True)
        return MailHost(host, number, "starttls" if number in (143, 587, 25) else "tls")

    def filed(self, server: MailHost) -> bool:
        """Say whether what is sent there is put into the folder for sent e-mail by the server itself."""
        return server.host in _FILE_COPIES

    def _known(self, body: bytes) -> tuple[MailHost, MailHost, bool] | None:
        try:
            root = ElementTree.fromstring(body)  # noqa: S314 - expat refuses entities that grow, and the size is limited  # nosec B314
        except (ElementTree.ParseError, ValueError):
            return None
        reading = [self._server(one) for one in root.iter("incomingServer") if one.get("type") == "imap"]
        sending = [self._server(one) for one in root.iter("outgoingServer") if one.get("type") == "smtp"]
        read = next(filter(None, reading), None)
        send = next(filter(None, sending), None)
        files = self.simulated and next((line(one.text, 10) for one in root.iter("filesCopies")), "") == "yes"
        return (read, send, files or self.filed(read)) if read and send else None

    def _server(self, element: ElementTree.Element) -> MailHost | None:
        host, port = line(element.findtext("hostname"), 253), line(element.findtext("port"), 5)
        security = _SOCKETS.get(line(element.findtext("socketType"), 10))
        # Passwords never go over the wire in the clear, except to a simulated server on this machine.
        if not host or not port.isdigit() or security is None or (security == "none" and not self.simulated):
            return None
        return MailHost(host, int(port), security, trusted=self.simulated)


def as_config(server: MailHost) -> dict[str, Any]:
    """Return a server as a channel's settings keep it."""
    return asdict(server)


def from_config(value: Any) -> MailHost:
    """Return a server out of a channel's settings. Raises: NotLinked where there is none."""
    known = mapping(value)
    host, port, security = known.get("host"), known.get("port"), known.get("security")
    if not isinstance(host, str) or not isinstance(port, int) or security not in ("none", "starttls", "tls"):
        raise NotLinked("This mailbox has no server. Change its settings.", "server")
    return MailHost(host, port, security, trusted=known.get("trusted") is True)
