"""What Google reviews and YouTube have in common: one client at Google, and what whoever signed in allowed it."""

from typing import ClassVar

import httpx

from healthberry.connectors.base import Access
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.endpoints import Credentials, Endpoints
from healthberry.connectors.google_sign_in import SignIn


class GoogleChannel(Defaults):
    """A kind of channel at Google; `scope` is what whoever signs in is asked to allow."""

    scope: ClassVar[str]

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
    ) -> None:
        self._sign_in = SignIn(endpoints, credentials, self.scope, transport=transport, read_seconds=read_seconds)

    def authorise_url(self, access: Access, state: str, redirect_uri: str, verifier: str) -> str:
        """Return Google's page to sign in at. Raises: NotAuthorised when this installation has no client."""
        return self._sign_in.url(state, redirect_uri, verifier)

    def grant(self, access: Access) -> str:
        """Return what is shared with all channels at Google, where somebody signed in."""
        return self._sign_in.grant(access)

    def revoke(self, access: Access) -> None:
        """End what whoever signed in allowed. Raises: Temporary, Permanent."""
        self._sign_in.revoke(access)
