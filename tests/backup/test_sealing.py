"""A sealed stream comes back as it was, or not at all."""

import base64
import io

import pytest

from healthberry.backup.errors import BackupError
from healthberry.backup.sealing import PIECE_BYTES, Opener, Sealer
from tests.backup.saved import KEY

HEAD = 42
# "They were kind.", sealed before the key cost twice as much.
FORMAT_1 = "SEJCQUNLVVAAAUjno8SBn0Et30w6V0TJcf7kFEBSGtCMSkP6mSYi/IyQXJG4bkQ1RfiedbyWwTv3ERaiE9/hbYyG0yG3DHNuYA=="


def _sealed(content: bytes, key: str = KEY) -> bytes:
    file = io.BytesIO()
    sealer = Sealer(file, key)
    for start in range(0, len(content), 300_000):
        sealer.write(content[start : start + 300_000])
    sealer.finish()
    return file.getvalue()


def _opened(sealed: bytes, key: str = KEY) -> bytes:
    opener = Opener(io.BytesIO(sealed), key)
    return b"".join(iter(opener.read_piece, None))


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_any_length_comes_back(size: int) -> None:
    content = bytes(number % 251 for number in range(size))

    assert _opened(_sealed(content)) == content


def test_the_same_words_are_never_sealed_to_the_same_bytes() -> None:
    assert _sealed(b"They were kind.")[10:26] != _sealed(b"They were kind.")[10:26]
    assert b"kind" not in _sealed(b"They were kind.")


def test_a_file_of_the_format_before_still_opens_and_new_ones_cost_what_owasp_asks_for() -> None:
    old = base64.b64decode(FORMAT_1)
    assert (old[:10], _sealed(b"")[:10]) == (b"HBBACKUP\x00\x01", b"HBBACKUP\x00\x02")
    assert _opened(old) == b"They were kind."
    with pytest.raises(BackupError, match="not the one"):
        _opened(old[:9] + b"\x02" + old[10:])


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_a_stream_cut_between_two_pieces_ends_too_early(pieces: int) -> None:
    sealed = _sealed(b"x" * 3 * PIECE_BYTES + b"y")

    with pytest.raises(BackupError, match="ends too early"):
        _opened(sealed[: HEAD + pieces * (PIECE_BYTES + 16)])


def test_pieces_in_another_order_or_of_another_file_are_refused() -> None:
    size = PIECE_BYTES + 16
    sealed, other = _sealed(b"x" * 2 * PIECE_BYTES + b"y"), _sealed(b"z" * 2 * PIECE_BYTES + b"y")
    head, first, second, last = sealed[:HEAD], sealed[HEAD:][:size], sealed[HEAD + size :][:size], sealed[-17:]

    assert _opened(head + first + second + last) == b"x" * 2 * PIECE_BYTES + b"y"
    for mixed in (second + first + last, first + other[HEAD + size :][:size] + last, first + last, first + second * 2):
        with pytest.raises(BackupError, match="damaged"):
            _opened(head + mixed)


def test_a_change_anywhere_is_noticed() -> None:
    sealed = bytearray(_sealed(b"They were kind."))
    for at in range(HEAD, len(sealed), 6):
        sealed[at] ^= 1
        with pytest.raises(BackupError):
            _opened(bytes(sealed))
        sealed[at] ^= 1
    assert _opened(bytes(sealed)) == b"They were kind."
