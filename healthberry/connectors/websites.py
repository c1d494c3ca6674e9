"""Finding an organisation's account on X by the links on its own home page."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

from healthberry.connectors.public_addresses import Resolve, system_resolve
from healthberry.connectors.safe_fetch import WHOLE_SECONDS, FetchFailed, SafeFetch

_HOSTS: Final = frozenset(
    {"twitter.com", "www.twitter.com", "mobile.twitter.com", "x.com", "www.x.com", "mobile.x.com"}
)
_RESERVED: Final = frozenset(
    """
    about account compose download explore hashtag help home i intent jobs login logout messages notifications oauth
    personalization privacy search settings share signup tos who_to_follow widgets
    """.split()  # noqa: SIM905 (readable)
)
_FOLLOWS: Final = ("intent/user", "intent/follow")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z]")
# One tag at a time, of limited length: the parser's time stays in proportion to the page, however it is written.
_TAGS = re.compile(r"<(?:a|area|link)\s[^<>]{1,4000}>", re.IGNORECASE)
_MOST_HANDLES: Final = 3


@dataclass(frozen=True)
class HandlesFound:
    """Handles without "@", the likeliest first; `found_at` is the host that links to them; problems as sentences.

    `again` says that the website failed for the moment only.
    """

    handles: Sequence[str] = ()
    found_at: str = ""
    problems: Sequence[str] = ()
    again: bool = False


class Websites:
    """Organisations' own websites; `mapped` is the sandbox's base for them, None for the real ones."""

    def __init__(
        self,
        mapped: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = system_resolve,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._fetch = SafeFetch(mapped, transport=transport, resolve=resolve, whole_seconds=whole_seconds)

    def find_x_handles(self, name: str, web_domain: str | None) -> HandlesFound:
        """Fetch the home page of `web_domain` and return the accounts that it links to; `name` is for sentences.

        Never raises for what a website does: a dead one is a problem.
        """
        domain = registered(web_domain)
        if not domain:
            return HandlesFound(problems=[f"The register knows no website of {name}, so no X account was looked for."])
        hosts = [domain, f"www.{domain}"]
        urls = [f"{scheme}://{host}/" for scheme in ("https", "http") for host in hosts]
        try:
            page = self._fetch.first_of(urls, domain)
        except FetchFailed as reason:
            problem = f"The website {domain} could not be read: {reason}."
            return HandlesFound(problems=[problem], again=reason.passes)
        handles = x_handles(page.html)
        if not handles:
            return HandlesFound((), page.host, [f"The website {page.host} links to no X account."])
        return HandlesFound(handles, page.host)


def registered(web_domain: str | None) -> str:
    """Return the domain in its plain form (no "www.", no scheme, ASCII), "" for what is none, such as an IP address."""
    text = (web_domain or "").strip().casefold().rstrip(".")
    text = text.partition("://")[2] or text
    try:
        text = text.partition("/")[0].encode("idna").decode()
    except UnicodeError:
        return ""
    return text.removeprefix("www.") if _DOMAIN.fullmatch(text.removeprefix("www.")) else ""


def x_handles(html: str) -> list[str]:
    """Return the accounts on X that a page links to, the most frequent first, then in order; at most 3."""
    counted: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for target in targets(html):
        if handle := handle_of(target):
            counted[handle.casefold()] += 1
            spelled.setdefault(handle.casefold(), handle)
    return [spelled[key] for key, _ in counted.most_common(_MOST_HANDLES)]


def handle_of(target: str) -> str:
    """Return the handle that an address leads to, "" for share buttons, single posts, searches and other sites."""
    try:
        parts = urlsplit("https:" + target if target.startswith("//") else target.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    if host not in _HOSTS or parts.scheme not in ("http", "https"):
        return ""
    # "#!/handle" is how twitter.com spelled it until 2013; such links are still about.
    path = (
        parts.fragment.removeprefix("!") if parts.path in ("", "/") and parts.fragment.startswith("!/") else parts.path
    )
    path = path.strip("/")
    if path in _FOLLOWS:
        path = (parse_qs(parts.query).get("screen_name") or [""])[0]
    handle = path.removeprefix("@")
    return handle if _HANDLE.fullmatch(handle) and handle.casefold() not in _RESERVED else ""


class _Hrefs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "href" and value]


def targets(html: str) -> Iterator[str]:
    """Yield what the links of a page lead to, as they are written there."""
    for tag in _TAGS.finditer(_shown(html)):
        parser = _Hrefs()
        parser.feed(tag[0])
        yield from parser.found


def _shown(html: str) -> str:
    """Return the page without comments, scripts and styles, in one pass."""
    return re.sub(r"(?is)<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1|\Z)", " ", html)
