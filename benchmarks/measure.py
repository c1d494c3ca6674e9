"""What every benchmark shares: how a figure is taken, printed beside its target, and how busy the machine was."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Figure:
    """One measured figure; `target` is an upper bound in the same unit, unless `at_least` is set."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    def line(self) -> str:
        """Return the figure as one line of the report."""
        wanted = "" if self.target is None else f"{'>=' if self.at_least else '<='} {self.target:g} {self.unit}"
        verdict = "" if self.target is None else ("holds" if self.holds() else "MISSED")
        return f"{self.name:<70} {self.value:>10.2f} {self.unit:<6} {wanted:<14} {verdict:<7} {self.note}".rstrip()

    def holds(self) -> bool:
        """Say whether the target is met."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(act: Callable[[], object]) -> float:
    """Return how long one call took."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def as_served() -> None:
    """Look no more for garbage in what is loaded by now, as the web server's processes do (`gunicorn.conf.py`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def fixed_loop() -> Figure:
    """Time the same pure computation in every run: a slow figure beside a slow loop means a busy machine."""
    began = time.perf_counter()
    total = 0
    for number in range(5_000_000):
        total += number * number % 7
    return Figure("fixed loop (how busy the machine was)", time.perf_counter() - began, "s", note=f"checksum {total}")


def memory_bytes(process: psutil.Process) -> int:
    """Return the memory of a process and of all that it started, each page once however many of them share it."""
    used = 0
    for one in (process, *process.children(recursive=True)):
        try:
            used += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return used
