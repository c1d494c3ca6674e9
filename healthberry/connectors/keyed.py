"""What channels have in common that are read with a key: nobody signs in, nothing is pushed to us."""

from collections.abc import Mapping

from healthberry.connectors.base import Access, Authorisation, WebhookAnswer, WebhookRequest
from healthberry.connectors.errors import BadSignature, NotAuthorised


class Keyed:
    """The part of a connector that is the same for every keyed channel."""

    def authorise_url(self, state: str, redirect_uri: str, verifier: str) -> str:
        """Raise NotAuthorised: there is no page to sign in at."""
        raise NotAuthorised(_NO_SIGN_IN)

    def authorise(self, answer: Mapping[str, str], redirect_uri: str, verifier: str) -> Authorisation:
        """Raise NotAuthorised: there is no page to sign in at."""
        raise NotAuthorised(_NO_SIGN_IN)

    def refresh(self, access: Access) -> Authorisation:
        """Raise NotAuthorised: keys are not refreshed."""
        raise NotAuthorised(_NO_SIGN_IN)

    def receive(self, access: Access, request: WebhookRequest) -> WebhookAnswer:
        """Raise BadSignature: this provider sends no webhooks, so whatever came is not theirs."""
        raise BadSignature("This channel sends no webhooks.")

    def length(self, text: str) -> int:
        """Count characters (code points)."""
        return len(text)


_NO_SIGN_IN = "This channel is connected by a key, not by signing in."
