"""Pictures that strangers send: written anew, so that nothing of the file survives but what can be seen.

Where it was taken and with what, thumbnails of what was cut away, text and programs hidden in the file: all of it goes.
It is done by a process of its own (picture_child.py) with bounded memory and time, while this one serves others.
"""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from healthberry.connectors import picture_child

LARGEST_BYTES: Final = 5 * 1024 * 1024
_PROGRAM: Final = str(Path(picture_child.__file__))
_MOST_SECONDS: Final = 20.0
_NO_PICTURE: Final = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
_TOO_MANY: Final = f"The image has too many pixels. At most {picture_child.MOST_PIXELS // 1_000_000} million are taken."

# One at a time for each web process: however many are sent at once, their memory is that of one.
_turn = threading.BoundedSemaphore(1)


class NoPicture(Exception):
    """This is no picture that we take; the message is a sentence for whoever sent it."""


def rewritten(
    raw: bytes, formats: tuple[str, ...] = ("JPEG", "GIF", "BMP"), *, most_seconds: float = _MOST_SECONDS
) -> bytes:
    """Return the picture as a JPEG of at most 2,000 pixels a side, without any metadata. Raises: NoPicture."""
    if len(raw) > LARGEST_BYTES:
        raise NoPicture("Please keep the image below 5 MB.")
    with _turn:
        code, bare = _answer(raw, formats, most_seconds)
    if code == picture_child.TOO_MANY_PIXELS:
        raise NoPicture(_TOO_MANY)
    if code or not bare:
        raise NoPicture(_NO_PICTURE)
    return bare


def _answer(raw: bytes, formats: tuple[str, ...], most_seconds: float) -> tuple[int, bytes]:
    """Return what the process ended with and what it wrote; a process that takes too long is killed."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", _PROGRAM, *formats],
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=most_seconds,
            env={},  # none of our secrets
            check=False,
        )
    except subprocess.TimeoutExpired:
        return picture_child.NO_PICTURE, b""
    return done.returncode, done.stdout
