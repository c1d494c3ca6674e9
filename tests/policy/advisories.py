"""Whether a weakness is known in what we depend on: asks pip-audit and npm audit; part of `make check`.

    python -m tests.policy.advisories [--must-ask]

Fails on whatever is found and not accepted in `advisories.toml`, and on what was accepted until a day that has passed.
Where nobody can be asked, it says so and does not fail; with `--must-ask` it does.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = ROOT / "advisories.toml"
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
_SECONDS = 120
_AUDIT = ("-m", "pip_audit", "--format=json", "--progress-spinner=off", "--timeout=10", "--disable-pip", "--no-deps")

Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Finding:
    """A weakness in one package, by every name that it has."""

    package: str
    names: frozenset[str]
    what: str


@dataclass(frozen=True)
class Answer:
    """What one program said; `unasked` tells in words what could not be asked, if anything."""

    findings: tuple[Finding, ...] = ()
    unasked: str = ""


@dataclass(frozen=True)
class Accepted:
    """A weakness that is let pass, why, and until when."""

    id: str
    reason: str
    until: date


def accepted(text: str) -> list[Accepted]:
    """Read `advisories.toml`. Raises: ValueError for one that lacks its reason, or its last day."""
    found = []
    for one in tomllib.loads(text).get("accepted", []):
        reason, until = str(one.get("reason", "")).strip(), one.get("until")
        if not one.get("id") or not reason or type(until) is not date:
            raise ValueError(f"advisories.toml: {one.get('id', 'one')} needs an id, a reason, and until = a day")
        found.append(Accepted(one["id"], reason, until))
    return found


def of_python(run: Run) -> Answer:
    """Ask pip-audit about every package of the locks."""
    locks = [part for lock in LOCKS for part in ("--requirement", str(ROOT / lock))]
    said = _json(run([sys.executable, *_AUDIT, *locks]))
    if "dependencies" not in said:
        return Answer(unasked="pip-audit could not ask (offline)")
    # Its index knows none of them where only a mirror is reached: that is no clean bill.
    skipped = [one["name"] for one in said["dependencies"] if "skip_reason" in one]
    findings = (
        Finding(one["name"], frozenset([weak["id"], *weak.get("aliases", [])]), str(weak.get("description", ""))[:100])
        for one in said["dependencies"]
        for weak in one.get("vulns", [])
    )
    words = f"pip-audit could not ask (offline) about {len(skipped)} of {len(said['dependencies'])} packages"
    return Answer(tuple(findings), words if skipped or not said["dependencies"] else "")


def of_browser(run: Run) -> Answer:
    """Ask npm about every package of package-lock.json."""
    said = _json(run(["npm", "audit", "--json", "--package-lock-only", "--fetch-retries=0", "--fetch-timeout=10000"]))
    if "vulnerabilities" not in said:
        return Answer(unasked="npm audit could not ask (offline)")
    findings = (
        Finding(package, frozenset([str(via["url"]).rpartition("/")[2], str(via["source"])]), str(via["title"]))
        for package, one in said["vulnerabilities"].items()
        for via in one["via"]
        if isinstance(via, Mapping)  # a word is another package of this very answer
    )
    return Answer(tuple(findings))


def wrong(findings: Iterable[Finding], let_pass: Sequence[Accepted], today: date) -> list[str]:
    """Return one line for whatever must not go on as it is."""
    late = [
        f"{one.id} was accepted until {one.until}: {one.reason} Look again." for one in let_pass if one.until < today
    ]
    ids = {one.id for one in let_pass}
    return late + [
        f"{one.package}: {' '.join(sorted(one.names))} {one.what}" for one in findings if not one.names & ids
    ]


def main(arguments: Sequence[str], run: Run, *, text: str, today: date, say: Callable[[str], object]) -> int:
    """Say what is wrong and what could not be asked; return 1 when something is wrong."""
    answers = [of_python(run), of_browser(run)]
    lines = wrong((one for answer in answers for one in answer.findings), accepted(text), today)
    unasked = [answer.unasked for answer in answers if answer.unasked]
    for line in (*lines, *unasked):
        say(f"{line}\n")
    return 1 if lines or (unasked and "--must-ask" in arguments) else 0


def _json(text: str) -> dict[str, Any]:
    """Take what a program printed; what is no object is no answer."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _run(command: Sequence[str]) -> str:
    """Both programs end with 1 for findings and for failures alike: only what they print tells."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_SECONDS, cwd=ROOT, stdin=subprocess.DEVNULL
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _run, text=ACCEPTED.read_text(), today=datetime.now(UTC).date(), say=sys.stdout.write))
