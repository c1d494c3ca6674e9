"""Lists of words that lie beside the code, one a line."""

from importlib import resources


def words_of(name: str) -> frozenset[str]:
    """Read a list of this package's data folder."""
    text = (resources.files("healthberry.register") / "data" / name).read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line)
