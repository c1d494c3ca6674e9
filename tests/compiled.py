"""Templates and addresses are compiled once in a run of the tests, not once for each application that a test builds.

Each application still has its own environment and its own map: only what the same words compile to is kept.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any, ClassVar

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Keeps what templates were compiled to, by their file, their words and how the application reads them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is kept, if anything."""
        bucket.code = self._kept.get(_same(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled now."""
        assert bucket.code is not None
        self._kept[_same(bucket)] = bucket.code


class CompiledRule(Rule):
    """Keeps what a rule's words compile to: the parts that addresses are told by, and the functions that build them.

    Werkzeug compiles both anew for each rule of each application. The functions take the rule as an argument, and
    depend on nothing but its words where it has no defaults; no application here has converters of its own.
    """

    _kept: ClassVar[dict[tuple[Any, ...], Callable[..., tuple[str, str]]]] = {}
    _told: ClassVar[dict[tuple[Any, ...], tuple[Any, ...]]] = {}

    def compile(self) -> None:
        """Take what the same words compiled to before."""
        if self.defaults:
            return super().compile()
        same = (self.rule, self.subdomain, self.host, self.map.host_matching, self.merge_slashes)
        if same not in self._told:
            super().compile()
            self._told[same] = (self._parts, self._trace, self._converters)
        self._parts, self._trace, self._converters = self._told[same]
        self.arguments.update(self._converters)
        self._build = self._compile_builder(False).__get__(self, None)
        self._build_unknown = self._compile_builder(True).__get__(self, None)
        return None

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        same = (self.rule, *self._trace, append_unknown)
        if same not in self._kept:
            self._kept[same] = super()._compile_builder(append_unknown)
        return self._kept[same]


def compile_once() -> None:
    """Let all applications of this process, ours and the sandbox's, share what they compile."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = CompiledRule


def _same(bucket: Bucket) -> tuple[Any, ...]:
    reading = bucket.environment
    return bucket.key, bucket.checksum, reading.trim_blocks, reading.lstrip_blocks, reading.finalize
