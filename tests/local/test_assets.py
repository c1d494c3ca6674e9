"""What browsers load: built once, under names that change with the content."""

import hashlib
import json
from pathlib import Path

from healthberry.local import assets


def manifest() -> dict[str, str]:
    found: dict[str, str] = json.loads((assets.BUILT / "manifest.json").read_text())
    return found


def test_every_built_file_is_named_after_its_content() -> None:
    assert manifest()
    for plain, hashed in manifest().items():
        content = (assets.BUILT / hashed).read_bytes()
        assert hashlib.sha256(content).hexdigest()[:12] == Path(hashed).stem.rpartition(".")[2]
        assert Path(plain).suffix == Path(hashed).suffix


def test_pages_find_the_style_sheet_and_htmx_with_its_extensions() -> None:
    assert {"app.css", "htmx.js", "hx-sse.js", "hx-csp.js", "hx-preload.js"} <= set(manifest())


def test_nothing_else_lies_among_the_built_files() -> None:
    there = {file.relative_to(assets.BUILT).as_posix() for file in assets.BUILT.rglob("*") if file.is_file()}
    assert there - {"manifest.json", ".stamp"} == set(manifest().values())


def test_the_style_sheet_loads_nothing_from_elsewhere() -> None:
    style = (assets.BUILT / manifest()["app.css"]).read_text()
    assert "url(http" not in style
    assert "@import" not in style
