"""The sandbox as one application: all providers' APIs and the pages."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Flask, jsonify

from . import control, control_world, pages, simple_pages, texts, websites
from .config import read_config
from .site import Site
from .sites import SITES
from .state import Sandbox
from .store import Store

LARGEST_REQUEST_BYTES = 64_000_000
# The second half of the control API adds its views to the blueprint of the first.
_ADDING = (control_world,)


def create_app(config: Mapping[str, str] | None = None, sites: Sequence[Site] = SITES) -> Flask:
    """Build the sandbox from a mapping of settings, by default the environment; `sites` are what it imitates.

    Raises: config.BadSetting.
    """
    given = os.environ if config is None else config
    known = read_config(given, [key for site in sites for key in site.keys])
    app = Flask(__name__, static_folder="assets", static_url_path="/assets")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST_BYTES)
    store = Store(known.data_path, (site.tables for site in sites))
    store.offset_seconds = known.settings.clock_offset_seconds
    known = replace(known, keys=_lasting(store, known.keys, given))
    app.extensions["sandbox"] = Sandbox(
        {site.kind: site for site in sites}, known, replace(known.settings), store, texts.load()
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.finalize = _printable
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for blueprint in _blueprints(sites):
        app.register_blueprint(blueprint)
    app.add_url_rule(
        "/health", "health", lambda: jsonify(status="ok", items={site.kind: site.items(store) for site in sites})
    )
    return app


def sandbox_of(app: Flask) -> Sandbox:
    """Return an application's parts, for tests and the life of its own."""
    found: Sandbox = app.extensions["sandbox"]
    return found


def _blueprints(sites: Sequence[Site]) -> list[Blueprint]:
    own = [websites.blueprint, control.blueprint, pages.blueprint, simple_pages.blueprint]
    return [*(blueprint for site in sites for blueprint in site.blueprints), *own]


def _lasting(store: Store, keys: Mapping[str, str], given: Mapping[str, str]) -> Mapping[str, str]:
    """Keep keys that were made up across restarts; keys that were given count."""
    kept = dict(keys)
    for name, value in keys.items():
        if not given.get(name, "").strip():
            store.run("INSERT OR IGNORE INTO meta VALUES (?, ?)", name.lower(), value)
            kept[name] = store.value("SELECT value FROM meta WHERE name = ?", name.lower())
    return kept


def _printable(value: Any) -> Any:
    """Replace what UTF-8 cannot carry, so that hostile text never breaks a page."""
    if isinstance(value, str) and not value.isascii():
        return type(value)(value.encode("utf-8", "replace").decode())
    return value
