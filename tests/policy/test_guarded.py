"""No way leads round the guard: replies are made and sent off anew in one file, and there each is looked through."""

import ast
from pathlib import Path

import healthberry

PACKAGE = Path(healthberry.__file__).parent


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def _calls(function: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}


def _names_the_table(path: Path) -> bool:
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return any(
        node.module == "healthberry.models.replies" and any(one.name == "Reply" for one in node.names)
        for node in imports
    )


def test_a_reply_is_made_in_one_place_and_looked_through_there() -> None:
    makers = {
        (path.relative_to(PACKAGE).as_posix(), function.name)
        for path in PACKAGE.rglob("*.py")
        if _names_the_table(path)
        for function in _functions(path)
        if "Reply" in _calls(function)
    }
    assert makers == {("core/replies.py", "queue_reply")}


def test_whatever_lets_a_reply_begin_looks_through_it() -> None:
    begin = {
        function.name: "guarded.check" in _calls(function)
        for function in _functions(PACKAGE / "core" / "replies.py")
        if "_BEGINNING[" in ast.unparse(function)
    }
    assert begin == {"queue_reply": True, "retry": True}
