"""Known weaknesses of dependencies: found ones fail, accepted ones pass until their day, silence is said."""

import json
from collections.abc import Sequence
from datetime import date

import pytest

from tests.policy import advisories
from tests.policy.advisories import Run

TODAY = date(2026, 12, 1)
_CLEAN = {"dependencies": [{"name": "flask", "version": "3.1", "vulns": []}], "fixes": []}
_WEAK = {
    "dependencies": [
        {"name": "flask", "version": "3.1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "description": "Bad."}]}
    ]
}
_UNKNOWN = {"dependencies": [{"name": "flask", "skip_reason": "Dependency not found on PyPI"}]}
_NPM_CLEAN: dict[str, object] = {"auditReportVersion": 2, "vulnerabilities": {}}
_NPM_WEAK = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "sass": {"via": ["immutable"]},
        "immutable": {"via": [{"source": 7, "url": "https://github.com/advisories/GHSA-1", "title": "Worse."}]},
    },
}
_NPM_REFUSED = {"message": "405 Method Not Allowed", "statusCode": 405}
_ACCEPT = '[[accepted]]\nid = "CVE-1"\nreason = "Never called."\nuntil = 2026-12-01\n'


def programs(python: object, npm: object) -> Run:
    """Stand in for both programs, each with what it prints."""

    def run(command: Sequence[str]) -> str:
        said = npm if command[0] == "npm" else python
        return said if isinstance(said, str) else json.dumps(said)

    return run


def checked(python: object, npm: object, text: str = "", *arguments: str, today: date = TODAY) -> tuple[int, str]:
    """Return the exit code, and all that was said."""
    said: list[str] = []
    code = advisories.main(arguments, programs(python, npm), text=text, today=today, say=said.append)
    return code, "".join(said)


def test_nothing_known_is_silent() -> None:
    assert checked(_CLEAN, _NPM_CLEAN) == (0, "")


def test_a_weakness_fails_by_its_name_and_package() -> None:
    assert checked(_WEAK, _NPM_CLEAN) == (1, "flask: CVE-1 PYSEC-1 Bad.\n")
    assert checked(_CLEAN, _NPM_WEAK) == (1, "immutable: 7 GHSA-1 Worse.\n")


@pytest.mark.parametrize("name", ["CVE-1", "PYSEC-1"])
def test_an_accepted_one_passes_by_any_of_its_names_until_its_day(name: str) -> None:
    text = _ACCEPT.replace("CVE-1", name)

    assert checked(_WEAK, _NPM_CLEAN, text) == (0, "")
    code, said = checked(_WEAK, _NPM_CLEAN, text, today=date(2026, 12, 2))
    assert (code, said) == (1, f"{name} was accepted until 2026-12-01: Never called. Look again.\n")
    assert checked(_WEAK, _NPM_WEAK, text)[0] == 1


@pytest.mark.parametrize(
    ("python", "npm"),
    [("", ""), ("Traceback", "npm error"), (_UNKNOWN, _NPM_REFUSED), ({"dependencies": []}, "[]")],
    ids=["silent", "broken", "a mirror", "nothing"],
)
def test_silence_is_never_taken_for_a_clean_bill(python: object, npm: object) -> None:
    code, said = checked(python, npm)

    assert code == 0
    assert "pip-audit could not ask (offline)" in said
    assert "npm audit could not ask (offline)" in said
    assert checked(python, npm, "", "--must-ask")[0] == 1


def test_what_could_be_asked_still_fails_beside_what_could_not() -> None:
    assert checked({"dependencies": _UNKNOWN["dependencies"] + _WEAK["dependencies"]}, _NPM_CLEAN)[0] == 1


@pytest.mark.parametrize("line", ['id = "CVE-1"', 'reason = "Never called."', "until = 2026-12-01"])
def test_an_exception_without_id_reason_or_day_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="needs an id, a reason, and until"):
        advisories.accepted(_ACCEPT.replace(line, ""))


def test_those_that_are_kept_can_be_read() -> None:
    advisories.accepted(advisories.ACCEPTED.read_text())
