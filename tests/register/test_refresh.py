"""Refreshing a loaded register from exports that a pretended ODS answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from healthberry.core import register
from healthberry.register import exports, load, refresh
from healthberry.register.ods import REPORTS
from tests.register import sample
from tests.register.sample import ods

TODAY = date(2026, 11, 23)
BOARDS = (
    ods("QWO", "NHS WEST YORKSHIRE INTEGRATED CARE BOARD", subtype="RO318"),
    ods("Z9B2Z", "NHS WEST AND NORTH LONDON INTEGRATED CARE BOARD", subtype="RO318"),
    ods("X1", "SOME PROGRAMME", subtype="RO999"),
)


@dataclass
class PretendedOds:
    """Answers reports like ODS; `lines` may be changed, `faults` maps a report to a status."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    as_json: bool = False

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def edit(self, report: str, code: str, *line: str) -> None:
        """Replace the line of a code, or leave it out."""
        kept = [each for each in self.lines[report] if not each.startswith(f'"{code}"')]
        self.lines[report] = [*kept, *line]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        report = request.url.params["report"]
        if report in self.faults:
            return httpx.Response(self.faults[report], json={"error": "Invalid report"})
        body = "\r\n".join(self.lines.get(report, []))
        return httpx.Response(200, json={report: body}) if self.as_json else httpx.Response(200, text=body)


@pytest.fixture
def pretended() -> PretendedOds:
    other = [ods("N1", "SOMEBODY ELSE")]
    lines: Mapping[str, tuple[str, ...]] = {
        "etr": sample.TRUSTS,
        "eccg": sample.COMMISSIONERS,
        "epraccur": sample.PRACTICES,
        "edispensary": sample.PHARMACIES,
        "egdpprac": sample.DENTISTS,
        "ets": sample.SITES,
        "eother": BOARDS,
        "wlhb": (ods("7A4", "CARDIFF & VALE UNIVERSITY LHB", region="W00"),),
    }
    return PretendedOds({report: list(lines.get(report, other)) for report in REPORTS})


@pytest.fixture
def loaded(connection: Connection, sample_file: Path) -> Connection:
    load.load(connection, sample_file)
    return connection


def run(connection: Connection, pretended: PretendedOds, today: date = TODAY) -> refresh.RefreshReport:
    with pretended.client() as client:
        return refresh.refresh(connection, client, today=today)


def everything(connection: Connection) -> list[object]:
    return list(connection.execute(text("SELECT * FROM providers ORDER BY ods_code")))


def test_exports_that_say_the_same_change_no_names_and_close_nothing(
    loaded: Connection, pretended: PretendedOds
) -> None:
    report = run(loaded, pretended)
    assert (report.closed, report.reopened, report.renamed, report.merged) == ((), (), (), ())
    assert set(report.added) == {"N1"}


def test_a_second_refresh_on_the_same_day_writes_nothing(loaded: Connection, pretended: PretendedOds) -> None:
    first = run(loaded, pretended)
    second = run(loaded, pretended)
    assert first.rows_written > 0
    assert (second.rows_written, second.added) == (0, ())


def test_a_new_practice_is_added_and_found(loaded: Connection, pretended: PretendedOds) -> None:
    line = ods("B86999", "ZEBRA SURGERY", lines=("1 WAY", "LEEDS"), postcode="LS1 1AA", status="A", setting="4")
    pretended.edit("epraccur", "B86999", line)
    report = run(loaded, pretended)
    assert "B86999" in report.added
    with Session(loaded) as session:
        assert [hit.name for hit in register.search(session, "zebra leeds")] == ["Zebra Surgery"]
        assert [hit.name for hit in register.search(session, "zebar leeds")] == ["Zebra Surgery"]
        assert register.count_open(session) == report.open


def test_a_closed_practice_is_closed_and_points_to_its_successor(loaded: Connection, pretended: PretendedOds) -> None:
    line = ods("B86002", "THE SURGERY", postcode="LS6 2BB", closed="20261031", status="C", parent="15F", setting="4")
    pretended.edit("epraccur", "B86002", line)
    pretended.lines["succ"] = ['"B86002","B86003","R","20261101",""', '"B86001","B86003","R","20991101",""']
    report = run(loaded, pretended)
    assert (report.closed, report.merged) == (("B86002",), (("B86002", "B86003"),))
    with Session(loaded) as session:
        hit = register.search(session, "B86002")[0]
        assert (hit.closed_on, hit.successor) == (
            date(2026, 10, 31),
            register.Successor("B86003", "Cedar Medical Centre"),
        )


def test_a_closing_in_the_future_waits_for_its_day(loaded: Connection, pretended: PretendedOds) -> None:
    line = ods("B86002", "THE SURGERY", postcode="LS6 2BB", closed="20261231", status="A", parent="15F", setting="4")
    pretended.edit("epraccur", "B86002", line)
    assert run(loaded, pretended).closed == ()
    assert run(loaded, pretended, date(2027, 1, 1)).closed == ("B86002",)


def test_a_renamed_provider_is_found_by_both_names(loaded: Connection, pretended: PretendedOds) -> None:
    line = ods(
        "B86003", "ELM MEDICAL CENTRE", lines=("3 PARK ROW", "LEEDS"), postcode="LS1 5HD", status="A", setting="4"
    )
    pretended.edit("epraccur", "B86003", line)
    assert run(loaded, pretended).renamed == (("B86003", "Cedar Medical Centre", "Elm Medical Centre"),)
    with Session(loaded) as session:
        for typed in ("elm medical", "cedar medical"):
            assert register.search(session, typed)[0].ods_code == "B86003"


def test_a_current_entry_of_social_care_replaces_the_one_of_2014(loaded: Connection, pretended: PretendedOds) -> None:
    pretended.lines["ecarehomehq"] = [
        ods("VX1", "CEDAR CARE LTD", postcode="LS9 9AA", lines=("1 OAK ROAD", "", "", "LEEDS"))
    ]
    report = run(loaded, pretended)
    assert (report.closed, report.merged) == (("1-101",), (("1-101", "VX1"),))


def test_a_site_with_a_new_code_replaces_the_old_one_and_other_new_sites_stay_out(
    loaded: Connection, pretended: PretendedOds
) -> None:
    there = partial(ods, lines=("HARROW ROAD", "", "", "LONDON"), postcode="W2 1AA", parent="RYJ")
    pretended.edit(
        "ets",
        "RYJ99",
        there("RYJ99", "PADDINGTON CLINIC", closed="20261031"),
        there("K1K1K", "PADDINGTON CLINIC"),
        there("K2K2K", "SOMEBODY ELSE'S TEAM @ PADDINGTON CLINIC"),
    )
    report = run(loaded, pretended)
    assert (set(report.added), report.closed) == ({"N1", "K1K1K"}, ("RYJ99",))
    assert report.merged == (("RYJ99", "K1K1K"),)
    with Session(loaded) as session:
        assert register.site_codes(session, "RYJ") == ["RYJ01", "K1K1K"]


def test_what_people_know_beyond_the_export_is_kept(loaded: Connection, pretended: PretendedOds) -> None:
    run(loaded, pretended)
    with Session(loaded) as session:
        facts = register.facts(session, "RRV")
        assert facts is not None
        assert (facts.web_domain, facts.source_as_of) == ("uclh.nhs.uk", TODAY)
        assert register.search(session, "uclh")[0].ods_code == "RRV"


def test_an_answer_in_json_is_understood(loaded: Connection, pretended: PretendedOds) -> None:
    pretended.as_json = True
    assert "N1" in run(loaded, pretended).added


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_report_that_fails_leaves_everything_as_it_was(
    loaded: Connection, pretended: PretendedOds, status: int
) -> None:
    before = everything(loaded)
    pretended.faults["ets"] = status
    with pytest.raises(refresh.RefreshFailed, match="ets"):
        run(loaded, pretended)
    assert everything(loaded) == before


def test_a_report_that_has_shrunk_is_taken_for_broken(loaded: Connection, pretended: PretendedOds) -> None:
    before = everything(loaded)
    pretended.edit("etr", "N0", ods("N0", "SOMETHING NEW"))
    pretended.lines["epraccur"] = pretended.lines["epraccur"][:2]
    with pytest.raises(refresh.RefreshFailed, match="missing from the report 'epraccur'"):
        run(loaded, pretended)
    assert everything(loaded) == before


@pytest.mark.parametrize("body", ["", "<html>Sorry</html>", '{"error": "x"}', "\0\0\0"])
def test_an_answer_that_is_no_report_is_refused(loaded: Connection, pretended: PretendedOds, body: str) -> None:
    pretended.lines["etr"] = [body]
    with pytest.raises(refresh.RefreshFailed, match="etr"):
        run(loaded, pretended)


def test_a_connection_that_breaks_is_a_failure_with_its_reason(loaded: Connection) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    with (
        httpx.Client(transport=httpx.MockTransport(broken)) as client,
        pytest.raises(refresh.RefreshFailed, match="route"),
    ):
        refresh.refresh(loaded, client, today=TODAY)


def test_a_report_that_is_said_to_be_elsewhere_is_not_fetched_from_there(loaded: Connection) -> None:
    asked = []

    def moved(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "http://169.254.169.254/latest"})

    before = everything(loaded)
    with (
        httpx.Client(transport=httpx.MockTransport(moved), follow_redirects=True) as client,
        pytest.raises(refresh.RefreshFailed, match="elsewhere"),
    ):
        refresh.refresh(loaded, client, today=TODAY)
    assert asked == ["www.odsdatasearchandexport.nhs.uk"]
    assert everything(loaded) == before


def test_an_answer_without_end_is_cut_off() -> None:
    pretended = PretendedOds({"etr": ["x" * 2000]})
    with pretended.client() as client, pytest.raises(refresh.RefreshFailed, match="1,000 bytes"):
        exports.fetch(client, max_bytes=1000)


def test_a_register_must_be_loaded_first(connection: Connection, pretended: PretendedOds) -> None:
    with pytest.raises(refresh.RefreshFailed, match="loaded"):
        run(connection, pretended)
