"""Which account on X is an organisation's: the one that its own website links to."""

from dataclasses import replace

from healthberry.connectors.base import Access, Discovery, Listing, ProviderFacts
from healthberry.connectors.errors import Gone, NotAuthorised, Permanent, Temporary
from healthberry.connectors.reading import sequence
from healthberry.connectors.websites import Websites
from healthberry.connectors.x_calls import NO_TOKEN, Calls
from healthberry.connectors.x_posts import Us
from healthberry.connectors.x_walks import meta_of


class Listings:
    """Looks for accounts with what `installed` gives: the application's token, or nothing."""

    def __init__(self, calls: Calls, websites: Websites, installed: Access) -> None:
        self._calls, self._websites, self._installed = calls, websites, installed

    def discover(self, provider: ProviderFacts) -> Discovery:
        """Return the account that the organisation's own website links to, if X knows it, with how much mentions it.

        Where X can't say for the moment whether it knows the account, nothing is listed and another look is wanted.
        """
        found = self._websites.find_x_handles(provider.name, provider.web_domain)
        problems, again = list(found.problems), found.again
        for handle in found.handles:
            known = listing(handle, found.found_at, self._calls.web)
            if not self._installed.secrets:
                return Discovery([replace(known, needs=NO_TOKEN)], problems)
            try:
                user = self._calls.user(self._installed, handle)
                known = listing(user.username, found.found_at, self._calls.web, user.user_id)
                return Discovery([replace(known, amount=self._first_look(user))], problems)
            except Gone:
                problems.append(f"{found.found_at} links to @{handle}, but X has no such account.")
            except NotAuthorised as error:
                return Discovery([replace(known, needs=error.reason)], [*problems, error.reason])
            except (Temporary, Permanent) as error:
                problems.append(f"@{handle} could not be looked up: {error.reason}")
                return Discovery([], problems, again=isinstance(error, Temporary))
        return Discovery([], problems, again)

    def _first_look(self, us: Us) -> str:
        """Count one page of mentions, for people; "" where X does not answer: reading shows what there is anyway."""
        try:
            body = self._calls.timeline(self._installed, us.user_id, "mentions", "", [])
        except (Temporary, Permanent):
            return ""
        counted = len(sequence(body.get("data")))
        if meta_of(body).next_token:
            return f"more than {counted} posts"
        return {0: "no posts yet", 1: "1 post"}.get(counted, f"{counted} posts")


def listing(handle: str, found_at: str, web: str, user_id: str = "") -> Listing:
    """Return an account as something to link; without its id it is known by its handle."""
    return Listing(
        kind="x",
        remote_id=user_id or f"@{handle.casefold()}",
        label=f"@{handle}",
        url=f"{web}/{handle}",
        config={"username": handle} | ({"user_id": user_id} if user_id else {}),
        found_at=f"Linked from {found_at}",
    )
