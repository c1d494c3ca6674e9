"""The sandbox shares nothing with the rest, so that one misreading cannot hide on both sides."""

import ast
from pathlib import Path

import healthberry.sandbox

FOLDER = Path(healthberry.sandbox.__file__).parent


def test_it_imports_nothing_of_ours() -> None:
    files = list(FOLDER.rglob("*.py"))
    assert len(files) > 20
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                within = len(path.relative_to(FOLDER).parts)
                assert node.level <= within, f"{path} looks above the sandbox"
                names = [node.module or ""] if node.level == 0 else []
            else:
                continue
            ours = [name for name in names if name.startswith("healthberry") and "healthberry.sandbox" not in name]
            assert not ours, path


def test_files_stay_small() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.rglob("*.py")}
    assert {path.relative_to(FOLDER): length for path, length in lengths.items() if length > 250} == {}
