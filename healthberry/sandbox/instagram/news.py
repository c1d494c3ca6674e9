"""What is new below an account's posts and about it elsewhere, as the app is told. Deletions are not told."""

from typing import Any

from healthberry.sandbox.facebook.hooks import tell
from healthberry.sandbox.state import Sandbox

from .posts import find


def told(sandbox: Sandbox, ident: str) -> None:
    """Tell of a comment, the account's own too, or of a mention; tags are told to nobody."""
    found = find(sandbox.store, ident)
    if found is None:
        return
    around, thing = found
    page_id = around.page["page_id"]
    if thing.kind == "comment":
        value: dict[str, Any] = {
            "id": ident,
            "from": {"id": "0" if not thing.ours else around.ig_id, "username": thing.username},
            "media": {"id": thing.media, "media_product_type": "FEED"},
            "text": thing.text,
        }
        value |= {"parent_id": thing.parent} if thing.parent else {}
        tell(sandbox, "instagram", page_id, "comments", value, around.ig_id)
    elif thing.kind == "mention":
        tell(sandbox, "instagram", page_id, "mentions", {"media_id": thing.media, "comment_id": ident}, around.ig_id)
    elif thing.kind == "caption":
        tell(sandbox, "instagram", page_id, "mentions", {"media_id": thing.media}, around.ig_id)
