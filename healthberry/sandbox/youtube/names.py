"""How YouTube calls channels, videos and comments: opaque words, here made of handles and numbers."""

import re
from hashlib import sha256

HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{2,28}")
_VIDEOS = 3


def channel(handle: str) -> str:
    """Return the id of an organisation's channel."""
    return f"UC{handle.encode().hex()}"


def handle(channel_id: str) -> str:
    """Return the handle of an organisation's channel, "" for what is none."""
    try:
        found = bytes.fromhex(channel_id.removeprefix("UC")).decode()
    except ValueError:
        return ""
    return found if channel_id.startswith("UC") and HANDLE.fullmatch(found) else ""


def viewer(name: str) -> str:
    """Return the id of the channel that everybody who comments has."""
    return f"UCv{sha256(name.encode()).hexdigest()[:21]}"


def video(place: str, serial: int) -> str:
    """Return the video that a comment is below."""
    return sha256(f"{place} {serial % _VIDEOS}".encode()).hexdigest()[:11]


def top(ident: str) -> str:
    """Return the comment that began a thread: replies have its id before a dot."""
    return ident.partition(".")[0]
