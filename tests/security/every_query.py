"""`pytest -p tests.security.every_query …`: let test_mutants.py maim what all tests of this run sent, too."""

from contextlib import ExitStack

from sqlalchemy import Engine, event

from tests.security.mutants import Sent, lines_run

SENT = Sent()
RUN: set[tuple[str, int]] = set()
_stack = ExitStack()


def pytest_configure() -> None:
    """Begin to note statements of every engine, and lines of core."""
    event.listen(Engine, "before_cursor_execute", SENT.note)
    global RUN  # noqa: PLW0603
    RUN = _stack.enter_context(lines_run())


def pytest_unconfigure() -> None:
    """Stop."""
    _stack.close()
