"""What SEARCH finds. Source: RFC 3501 section 6.4.4; only some of its keys, all of which must hold."""

from collections.abc import Sequence
from datetime import UTC, datetime

from healthberry.sandbox.store import Row


def numbers(numbered: str, known: Sequence[int]) -> set[int]:
    """Return those of `known` that a sequence set names: "3,7:9,12:*". "n:*" always names the last one."""
    found: set[int] = set()
    for part in numbered.split(","):
        first, _, last = part.partition(":")
        ends = sorted(_number(end, known) for end in (first, last or first))
        found |= {one for one in known if ends[0] <= one <= ends[1]}
    return found


def _number(text: str, known: Sequence[int]) -> int:
    if text == "*":
        return max(known, default=0)
    return int(text) if text.isdigit() else -1


def matching(rows: Sequence[Row], keys: Sequence[str]) -> list[int]:
    """Return the UIDs of the rows for which every key holds."""
    found, waiting = list(rows), list(keys)
    while waiting:
        key = waiting.pop(0).upper()
        if key == "UID":
            wanted = numbers(waiting.pop(0), [row["serial"] for row in rows])
            found = [row for row in found if row["serial"] in wanted]
        elif key == "SINCE":
            begin = datetime.strptime(waiting.pop(0), "%d-%b-%Y").replace(tzinfo=UTC).timestamp() * 1000
            found = [row for row in found if row["arrived_at"] >= begin]
        elif key == "HEADER":
            _, value = waiting.pop(0), waiting.pop(0).strip("<>")
            found = [row for row in found if value in row["message_id"]]
        elif key == "UNSEEN":
            found = [row for row in found if "\\Seen" not in row["flags"]]
    return [row["serial"] for row in found]
