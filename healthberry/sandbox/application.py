"""The sandbox as one application: all providers' APIs and the pages."""

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask, jsonify

from . import (
    careopinion_api,
    control,
    control_world,
    nhsuk_api,
    nhsuk_moderation,
    pages,
    pages_sites,
    texts,
    websites,
    x_api,
    x_oauth,
    x_write,
)
from .config import Keys, read_config
from .state import Sandbox
from .store import Store

LARGEST_REQUEST_BYTES = 64_000_000
# These add their views to a blueprint that another module made.
_ADDING = (control_world, nhsuk_moderation, pages_sites, x_write)


def create_app(config: Mapping[str, str] | None = None) -> Flask:
    """Build the sandbox from a mapping of settings, by default the environment.

    Raises: config.BadSetting.
    """
    known = read_config(os.environ if config is None else config)
    app = Flask(__name__, static_folder="assets", static_url_path="/assets")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST_BYTES, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST_BYTES)
    store = Store(known.data_path)
    store.offset_seconds = known.settings.clock_offset_seconds
    known = type(known)(_lasting(store, known.keys, config), known.data_path, known.random_seed, known.settings)
    settings = type(known.settings)(**vars(known.settings))
    app.extensions["sandbox"] = Sandbox(known, settings, store, texts.load())
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.finalize = _printable
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for module in (x_api, x_oauth, careopinion_api, nhsuk_api, websites, control, pages):
        app.register_blueprint(module.blueprint)
    app.add_url_rule("/health", "health", lambda: jsonify(status="ok", items=_items(store)))
    return app


def sandbox_of(app: Flask) -> Sandbox:
    """Return an application's parts, for tests and the life of its own."""
    found: Sandbox = app.extensions["sandbox"]
    return found


def _lasting(store: Store, keys: Keys, config: Mapping[str, str] | None) -> Keys:
    """Keep keys that were made up across restarts; keys that were given count."""
    given = os.environ if config is None else config
    kept = dict(vars(keys))
    for name, value in vars(keys).items():
        if not given.get(name.upper(), "").strip():
            store.run("INSERT OR IGNORE INTO meta VALUES (?, ?)", name, value)
            kept[name] = store.value("SELECT value FROM meta WHERE name = ?", name)
    return Keys(**kept)


def _items(store: Store) -> dict[str, int]:
    tables = {"x": "x_posts", "careopinion": "co_stories", "nhsuk": "nu_comments"}
    return {channel: store.value(f"SELECT COUNT(*) AS n FROM {table}") for channel, table in tables.items()}  # noqa: S608


def _printable(value: Any) -> Any:
    """Replace what UTF-8 cannot carry, so that hostile text never breaks a page."""
    if isinstance(value, str) and not value.isascii():
        return type(value)(value.encode("utf-8", "replace").decode())
    return value
