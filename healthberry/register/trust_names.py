"""The other names of trusts: which are former ones, which are short ones, and which belong to somebody else."""

from collections import Counter

from healthberry.register.words import fold


class OtherNames:
    """The other names in the list of trusts, without those that belong to a different trust of the same list."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        """Learn the names of all rows."""
        self._own = {fold(row["name"]): row["ods_code"] for row in rows}
        self._times = Counter(fold(name) for row in rows for name in set(_listed_names(row)))

    def of(self, row: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Split the other names of a trust into (earlier full names, short ones)."""
        known = set(fold(row["name"]).split())
        formal: list[str] = []
        short: list[str] = []
        for name in _listed_names(row):
            if self._own.get(fold(name), row["ods_code"]) != row["ods_code"]:
                continue
            if self._times[fold(name)] > 1 and not _derived(name, row["name"]):
                continue
            brief = " " not in name or set(fold(name).split()) <= known
            (short if brief else formal).append(name)
        return tuple(formal), tuple(short)


def _listed_names(row: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.strip() for name in row["alt_names"].split(";")))))


def _derived(name: str, full: str) -> bool:
    """Tell whether a short name is made of the full one: its beginning or its initials."""
    folded = fold(full)
    spoken = [word for word in folded.split() if word != "nhs"]
    letters = "".join(word[0] for word in spoken)
    brief = "".join(word[0] for word in spoken if word not in ("and", "of", "the"))
    return (
        folded.removeprefix("the ").startswith(fold(name))
        or letters.startswith(fold(name))
        or brief.startswith(fold(name))
    )
