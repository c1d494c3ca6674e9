"""One file per kind of channel, each with its CASE; the contract reads from them what applies to whom."""

from importlib import import_module
from pkgutil import iter_modules

from tests.connectors.cases import Kind


def _collected() -> dict[str, Kind]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.CASE.kind: module.CASE for module in modules}


KINDS = _collected()
