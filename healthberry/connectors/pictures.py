"""Pictures that strangers send: written anew, so that nothing of the file survives but what can be seen.

Where it was taken and with what, thumbnails of what was cut away, text and programs hidden in the file: all of it goes.
"""

import warnings
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

LARGEST_BYTES: Final = 5 * 1024 * 1024
_MOST_PIXELS: Final = 40_000_000
_LONGEST_SIDE: Final = 2_000
_QUALITY: Final = 85


class NoPicture(Exception):
    """This is no picture that we take; the message is a sentence for whoever sent it."""


def rewritten(raw: bytes, formats: tuple[str, ...] = ("JPEG", "GIF", "BMP")) -> bytes:
    """Return the picture as a JPEG of at most 2,000 pixels a side, without any metadata. Raises: NoPicture."""
    if len(raw) > LARGEST_BYTES:
        raise NoPicture("Please keep the image below 5 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(raw), formats=formats) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise NoPicture("The image has too many pixels.")
                upright = ImageOps.exif_transpose(opened).convert("RGB")
        upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        bare = Image.new("RGB", upright.size)
        bare.paste(upright)
        out = BytesIO()
        bare.save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()
    except NoPicture:
        raise
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise NoPicture(
            "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
        ) from error
