"""The program that opens one picture of a stranger: read from standard input, written anew to standard output.

Run by pictures.py in a process of its own, with no settings and no secrets in its environment. It bounds its own memory
and its time on the processor before it looks at the first byte, so that a file made to open out to gigabytes ends
this process and nothing else. It imports nothing of ours: it begins in a tenth of a second.
"""

import contextlib
import os
import resource
import sys
import warnings
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

# Beyond it nothing is decoded: the head of a file says how large it is.
MOST_PIXELS: Final = 25_000_000
TOO_MANY_PIXELS: Final = 3
NO_PICTURE: Final = 4
_MOST_BYTES_OF_MEMORY: Final = 400 * 1024 * 1024
_MOST_SECONDS: Final = 10
_LONGEST_SIDE: Final = 2_000
_QUALITY: Final = 85


class TooManyPixels(Exception):
    """The head of the file names more pixels than are decoded."""


def bound() -> None:
    """Take no more memory and no more time than any picture needs; a lower limit that holds already stays."""
    for what, most in ((resource.RLIMIT_AS, _MOST_BYTES_OF_MEMORY), (resource.RLIMIT_CPU, _MOST_SECONDS)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)  # pages come first


def written_anew(raw: bytes, formats: tuple[str, ...]) -> bytes:
    """Return the picture as a JPEG of at most 2,000 pixels a side, without any metadata. Raises: what Pillow raises."""
    with Image.open(BytesIO(raw), formats=formats) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise TooManyPixels
        # A JPEG is decoded smaller than it is, where that is enough: less memory, less time.
        opened.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = BytesIO()
    bare.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def main() -> int:
    """Answer with the picture, or with the number that says why there is none."""
    bound()
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        bare = written_anew(sys.stdin.buffer.read(), tuple(sys.argv[1:]))
    except (TooManyPixels, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_MANY_PIXELS
    except Exception:  # Pillow raises whatever its decoders raise
        return NO_PICTURE
    sys.stdout.buffer.write(bare)
    return 0


if __name__ == "__main__":
    sys.exit(main())
