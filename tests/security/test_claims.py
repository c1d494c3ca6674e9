"""What docs/security.md points at is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_that_the_claims_name_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = set(
        re.findall(
            r"`((?:healthberry|tests|docs)/[\w/.-]+|pyproject\.toml|gunicorn\.conf\.py|README\.md|\.env\.example)`",
            text,
        )
    )

    assert len(named) > 50
    assert sorted(one for one in named if not (ROOT / one).is_file()) == []


def test_every_claim_that_is_met_names_where() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    claims = [row for row in rows if len(row) == 4 and re.match(r"\s*met\b", row[2])]

    assert len(claims) > 100
    assert [row[0] for row in claims if "`" not in row[3] and row[3].strip() != "same"] == []
