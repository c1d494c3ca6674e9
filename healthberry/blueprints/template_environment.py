"""The environment of all templates: what they share is one plain table."""

from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment as FlaskEnvironment


class Environment(FlaskEnvironment):
    """Flask's, with tables of names that compare as sets at once.

    At each import of macros, Jinja looks which names one template has more than the other. Over its chain of tables
    that is a search name by name: a tenth of what a conversation costs. The names are there before the first template
    is read, so a copy holds all that the chain would.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the names that a template knows: those of all, and `d` over them."""
        return {**self.globals, **(d or {})}
