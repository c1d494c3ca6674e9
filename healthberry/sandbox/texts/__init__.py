"""The invented feedback that the sandbox ships, and how one piece is chosen and varied."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

SLOT = re.compile(r"\{([A-Za-z]+)\}")


@dataclass(frozen=True)
class Text:
    """One invented piece: for which channels and kinds of care, in which tone, with how many stars."""

    id: str
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    tone: str
    text: str
    title: str = ""
    rating: int | None = None


@dataclass(frozen=True)
class Written:
    """A piece ready to be published."""

    text_id: str
    title: str
    text: str
    rating: int | None
    tone: str


class Library:
    """Hold every text; pieces hold slots such as `{ward}`, filled anew each time."""

    def __init__(self, texts: list[Text], parts: dict[str, Any]) -> None:
        self.texts = texts
        self.parts = parts

    def suitable(self, channel: str, tags: tuple[str, ...]) -> list[Text]:
        """Return the pieces that fit a channel and at least one kind of care."""
        wanted = {*tags, "any"}
        return [text for text in self.texts if channel in text.channels and wanted.intersection(text.tags)]

    def choose(self, channel: str, tags: tuple[str, ...], used: Mapping[str, int], chance: Random, org: str) -> Written:
        """Choose among the least used suitable pieces.

        One that was used before comes back with other words around it.
        """
        pool = self.suitable(channel, tags)
        least = min(used.get(text.id, 0) for text in pool)
        best = [text for text in pool if used.get(text.id, 0) == least]
        return self._write(chance.choice(best), least, chance, org)

    def _write(self, chosen: Text, times: int, chance: Random, org: str) -> Written:
        filled = {"org": org}
        if times:
            return self._again(chosen, filled, chance)
        title, text = self._fill(chosen.title, filled, chance), self._fill(chosen.text, filled, chance)
        return Written(chosen.id, title, text, chosen.rating, chosen.tone)

    def _fill(self, text: str, filled: dict[str, str], chance: Random) -> str:
        """Fill slots; one name means one thing throughout a piece, and `{Ward}` begins a sentence."""

        def fill(match: re.Match[str]) -> str:
            name = match.group(1).lower()
            if name not in filled and name in self.parts["slots"]:
                filled[name] = chance.choice(self.parts["slots"][name])
            word = filled.get(name, match.group())
            return word[:1].upper() + word[1:] if match.group(1)[0].isupper() else word

        return SLOT.sub(fill, text)

    def _again(self, chosen: Text, filled: dict[str, str], chance: Random) -> Written:
        """Make other words, title and stars in the mood of a piece that was used before."""
        good, bad = (chance.sample(self.parts["fragments"][mood], 3) for mood in ("good", "bad"))
        mood, many = _mood(chosen.tone), chance.randint(1, 2 if "x" in chosen.channels else 3)
        turn = chance.choice(self.parts["turns"])
        pieces = {"good": good[:many], "bad": bad[:many], "mixed": [good[0], turn, bad[0], *good[1 : many - 1]]}[mood]
        opening = [chance.choice(self.parts["openings"])] if chance.random() < 0.3 else []
        closing = [chance.choice(self.parts["tails"][mood])] if chance.random() < 0.5 else []
        text = self._fill(" ".join([*opening, *pieces, *closing]), filled, chance)
        title = chance.choice(self.parts["titles"][mood]) if chosen.title else ""
        stars = chance.choice({"good": [4, 5, 5], "mixed": [2, 3, 3, 4], "bad": [1, 1, 2]}[mood])
        tone = {"good": "thanks", "mixed": "mixed", "bad": "concern"}[mood]
        return Written(chosen.id, title, text, stars if chosen.rating else None, tone)

    def reply(self, tone: str, chance: Random, short: bool) -> str:
        """Return an invented answer of an organisation to a piece in some tone; `short` ones fit X."""
        kind = "short_replies" if short else "replies"
        said: str = chance.choice(self.parts[kind][_mood(tone)])
        return self._fill(said, {}, chance)

    def follow_up(self, chance: Random) -> str:
        """Return what a patient says after an answer on X."""
        said: str = chance.choice(self.parts["follow_ups"])
        return said

    def announcement(self, chance: Random) -> str:
        """Return something that an organisation posts by itself."""
        said: str = chance.choice(self.parts["announcements"])
        return said

    def screen_name(self, chance: Random) -> str:
        """Return an invented screen name for X."""
        first, second = chance.choice(self.parts["name_words"]), chance.choice(self.parts["name_things"])
        shapes = (
            f"{first}{second}",
            f"{first}_{second}",
            f"{second}{chance.randint(3, 98)}",
            f"{first}{chance.randint(3, 98)}",
        )
        made: str = chance.choice([shape for shape in shapes if len(shape) <= 15])
        return made

    def signature(self, chance: Random) -> str:
        """Return what an invented reviewer signs with; often nothing."""
        if chance.random() < 0.35:
            return "Anonymous"
        return self.screen_name(chance).replace("_", " ").capitalize()


def _mood(tone: str) -> str:
    return {"thanks": "good", "mixed": "mixed", "neutral": "mixed", "question": "mixed", "spam": "mixed"}.get(
        tone, "bad"
    )


@cache
def load() -> Library:
    """Read all texts from the files beside this one."""
    folder = Path(__file__).parent
    texts = []
    for path in sorted(folder.glob("feedback_*.json")):
        for number, item in enumerate(json.loads(path.read_text(encoding="utf-8")), 1):
            name = f"{path.stem.removeprefix('feedback_')}-{number}"
            texts.append(_text(name, item))
    return Library(texts, json.loads((folder / "parts.json").read_text(encoding="utf-8")))


def _text(name: str, item: dict[str, Any]) -> Text:
    channels, tags = tuple(item["on"].split()), tuple(item["for"].split())
    return Text(name, channels, tags, item["tone"], item["text"], item.get("title", ""), item.get("stars"))
