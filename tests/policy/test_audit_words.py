"""Everything that may stand in the audit log has plain words, and every one of these words is needed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import healthberry
from healthberry.blueprints import audit_words
from healthberry.core import audit

HOUSE = Path(healthberry.__file__).parent
# Functions that write into it, and which of their arguments is the action.
WRITERS = {"did": 1, "happened": 1, "operated": 0, "nobody_did": 1}


def _called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def _texts(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _sources() -> Iterator[tuple[Path, ast.AST]]:
    for folder in ("core", "blueprints", "jobs", "backup"):
        for file in sorted((HOUSE / folder).rglob("*.py")):
            yield file, ast.parse(file.read_text())


def _named() -> set[str]:
    """Return the actions that the code names where it writes them down."""
    found = set(audit.BY_ITSELF)
    for _, tree in _sources():
        for name, call in _called(tree):
            by_member = any(given.arg == "member" for given in call.keywords)
            place = 1 if name == "record" and by_member else WRITERS.get(name)
            if place is not None and len(call.args) > place and isinstance(call.args[place], ast.Constant):
                found |= _texts(call.args[place])
    return found


def test_every_action_that_the_code_names_has_words() -> None:
    assert len(_named()) >= 30
    assert _named() - set(audit_words.ACTIONS) == set()


def test_no_words_are_left_of_what_nothing_does_any_more() -> None:
    words = HOUSE / "blueprints" / "audit_words.py"
    said = {text for file, tree in _sources() if file != words for text in _texts(tree)}

    assert set(audit_words.ACTIONS) - said == set()
