"""Files that strangers send: pictures come out as pictures alone, everything else is handed over as bytes."""

import struct
import subprocess
import sys
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from flask.testing import FlaskClient
from PIL import Image, TiffImagePlugin

from healthberry.connectors.base import File
from healthberry.connectors.pictures import NoPicture, rewritten
from healthberry.core import attachments, scope
from healthberry.extensions import db
from healthberry.models.attachments import Attachment
from tests.world import World

PAGE = b"<html><script>alert(document.domain)</script></html>"
PLACE = "53 deg 48 min North"


def _jpeg(*, comment: bytes = b"") -> bytes:
    """Return a photograph that tells where it was taken, by which device, and holds a thumbnail and a remark."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "Secret Phone 9", PLACE
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (TiffImagePlugin.IFDRational(53), TiffImagePlugin.IFDRational(48), TiffImagePlugin.IFDRational(1))}
    )
    out = BytesIO()
    Image.new("RGB", (64, 48), (10, 120, 60)).save(
        out, "JPEG", exif=exif, comment=comment or PLACE, icc_profile=b"ICC" * 20
    )
    return out.getvalue()


def _bitmap(width: int, height: int) -> bytes:
    """Return the head of a bitmap that says that it is this large, and nothing after it."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def _gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\x00\x00" + b"\x00" * 6 + b",\x00\x00\x00\x00" + (
        struct.pack("<HH", width, height) + b"\x00\x02\x02L\x01\x00;"
    )  # fmt: skip


def _png_bomb() -> bytes:
    """Return a picture of 400 million pixels in half a megabyte."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 20_000_000, 9)) + chunk(b"IEND", b"")


def test_nothing_of_a_photograph_survives_but_what_can_be_seen() -> None:
    raw = _jpeg()
    assert b"Secret Phone" in raw
    assert Image.open(BytesIO(raw)).getexif().get_ifd(0x8825)

    bare = rewritten(raw)

    with Image.open(BytesIO(bare)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (64, 48))
        assert not kept.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(kept.info)
    assert not any(mark in bare for mark in (b"Secret", b"53 deg", b"Exif", b"ICC"))


@pytest.mark.parametrize(
    "both", [_jpeg(comment=PAGE), _jpeg() + PAGE, _jpeg() + b"PK\x03\x04" + PAGE], ids=["within", "after", "zip"]
)
def test_a_file_that_is_a_page_too_comes_out_as_a_picture_alone(both: bytes) -> None:
    assert PAGE in both
    bare = rewritten(both)
    assert b"script" not in bare
    assert b"PK\x03\x04" not in bare
    assert bare.endswith(b"\xff\xd9"), "nothing stands after the picture's end"


@pytest.mark.parametrize(
    "raw",
    [
        PAGE + _jpeg(), b"GIF89a=1;" + PAGE, _png_bomb(), _bitmap(60_000, 60_000), _bitmap(2**31 - 1, 1),
        _gif(65_000, 65_000), _jpeg()[:300], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\xff\xd8\xff" * 9, b"", b"x" * 6_000_000,
    ],
)  # fmt: skip
def test_what_is_no_picture_or_opens_out_to_gigabytes_is_refused_in_little_memory(raw: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(NoPicture):
            rewritten(raw)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_picture_of_more_than_25_million_pixels_is_refused_by_its_head_and_a_large_photograph_is_taken() -> None:
    with pytest.raises(NoPicture, match="too many pixels"):
        rewritten(_bitmap(5_001, 5_000))
    photograph = BytesIO()
    Image.new("RGB", (5_000, 5_000), (10, 120, 60)).save(photograph, "JPEG")

    with Image.open(BytesIO(rewritten(photograph.getvalue()))) as kept:
        assert kept.size == (2_000, 2_000)
        assert kept.getpixel((1, 1)) == pytest.approx((10, 120, 60), abs=3)


def test_a_picture_that_takes_too_long_is_refused_and_nothing_goes_on_working_at_it() -> None:
    before = set(psutil.Process().children())
    with pytest.raises(NoPicture):
        rewritten(_jpeg(), most_seconds=0)
    assert set(psutil.Process().children()) <= before


def test_the_process_that_opens_pictures_gets_no_more_memory_and_time_than_a_picture_needs() -> None:
    tries = "picture_child.bound()\ntry:\n bytearray(500_000_000)\nexcept MemoryError:\n print('refused')"
    asks = "import resource\nprint(resource.getrlimit(resource.RLIMIT_CPU))"
    assert _python(f"from healthberry.connectors import picture_child\n{tries}\n{asks}") == "refused\n(10, 10)\n"


def test_a_web_process_serves_others_while_a_picture_is_written_anew() -> None:
    program = f"""
from gevent import monkey
monkey.patch_all()
import gevent
from healthberry.connectors.pictures import rewritten
turns = 0
def other():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.001)
gevent.spawn(other)
rewritten(bytes.fromhex("{_jpeg().hex()}"))
print("served others" if turns > 5 else turns)
"""
    assert _python(program) == "served others\n"


def _python(program: str) -> str:
    """Return what a program prints that runs in a process of its own, as a web process does."""
    root = Path(__file__).resolve().parents[2]
    return subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "claims", ["text/html", "image/svg+xml", "application/pdf", "image/jpeg", "text/html\r\nX-A: b"]
)
def test_a_kept_file_is_handed_over_to_be_saved_and_runs_nowhere(
    client: FlaskClient, world: World, claims: str
) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    world.arrives(world.channel(organisation), world.item(files=(File('a".html\r\nX-A: b', claims, PAGE),)))
    (kept,) = db.session.scalars(db.select(Attachment.id))
    scope.leave()

    answer = client.get(f"/attachments/{kept}")

    assert (answer.status_code, answer.data) == (200, PAGE)
    expected = "image/jpeg" if claims == "image/jpeg" else "application/octet-stream"
    assert answer.headers["Content-Type"] == expected
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-A" not in answer.headers


def test_a_file_above_five_megabytes_is_left_out() -> None:
    too_large = File("a.jpg", "image/jpeg", b"x" * (5 * 1024 * 1024 + 1))
    assert attachments.named(UUID(int=1), [too_large]) == []
