"""The invented feedback that the sandbox ships, and how one piece is chosen and varied."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

SLOT = re.compile(r"\{([a-z]+)\}")


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
        """Choose among the least used suitable pieces; one that was used before comes back with other words around it."""
        pool = self.suitable(channel, tags)
        least = min(used.get(text.id, 0) for text in pool)
        # Spam is rare, as it is outside.
        best = [text for text in pool if used.get(text.id, 0) == least]
        chosen = chance.choice([text for text in best if text.tone != "spam" or chance.random() < 0.2] or best)
        return self._write(chosen, least, chance, org)

    def _write(self, chosen: Text, times: int, chance: Random, org: str) -> Written:
        filled: dict[str, str] = {"org": org}

        def fill(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in filled and name in self.parts["slots"]:
                filled[name] = chance.choice(self.parts["slots"][name])
            return filled.get(name, match.group())

        title, text = SLOT.sub(fill, chosen.title), SLOT.sub(fill, chosen.text)
        if times:
            text = self._varied(text, chosen, chance)
            title = chance.choice(self.parts["titles"][_mood(chosen.tone)]) if title else title
        return Written(chosen.id, _capital(title), _capital(text), chosen.rating, chosen.tone)

    def _varied(self, text: str, chosen: Text, chance: Random) -> str:
        tails = self.parts["tails"][_mood(chosen.tone)]
        if len(text) < 600 and chance.random() < 0.5:
            text = f"{chance.choice(self.parts['openings'])} {text}"
        return f"{text} {chance.choice(tails)}" if len(text) < 220 or "x" not in chosen.channels else text

    def reply(self, tone: str, chance: Random, short: bool) -> str:
        """Return an invented answer of an organisation to a piece in some tone; `short` ones fit X."""
        kind = "short_replies" if short else "replies"
        said: str = chance.choice(self.parts[kind][_mood(tone)])
        return SLOT.sub(lambda match: chance.choice(self.parts["slots"].get(match.group(1), [match.group()])), said)

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
        shapes = (f"{first}{second}", f"{first}_{second}", f"{second}{chance.randint(3, 98)}", f"{first}{chance.randint(3, 98)}")
        made: str = chance.choice(shapes)
        return made[:15]

    def signature(self, chance: Random) -> str:
        """Return what an invented reviewer signs with; often nothing."""
        if chance.random() < 0.35:
            return "Anonymous"
        return self.screen_name(chance).replace("_", " ").capitalize()


def _mood(tone: str) -> str:
    return {"thanks": "good", "mixed": "mixed", "neutral": "mixed", "question": "mixed", "spam": "mixed"}.get(tone, "bad")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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
