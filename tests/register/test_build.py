"""What the build makes of the published files."""

from datetime import date
from pathlib import Path

import pytest

from healthberry.register import build, merge, shipped
from healthberry.register.entries import ATTRIBUTION, Entry
from healthberry.register.sources import SourceMissing
from tests.register.sample import write_sources


@pytest.fixture(scope="module")
def entries(sample_file: Path) -> dict[str, Entry]:
    return {entry.ods_code: entry for entry in shipped.read(sample_file).entries}


def test_the_same_files_give_the_same_bytes(tmp_path: Path, sample_file: Path) -> None:
    write_sources(tmp_path)
    build.build(tmp_path, tmp_path / "again.hbr")
    assert (tmp_path / "again.hbr").read_bytes() == sample_file.read_bytes()


def test_the_file_begins_with_its_format_and_the_attribution(sample_file: Path) -> None:
    first, second, *_ = sample_file.read_bytes().split(b"\n")
    assert first == shipped.FORMAT.encode()
    assert second == ATTRIBUTION.encode()


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    write_sources(tmp_path)
    (tmp_path / "etr.csv").unlink()
    with pytest.raises(SourceMissing, match=r"etr\.csv"):
        build.build(tmp_path, tmp_path / "out.hbr")


def test_a_damaged_file_is_refused(tmp_path: Path, sample_file: Path) -> None:
    (tmp_path / "damaged.hbr").write_bytes(sample_file.read_bytes()[:-20])
    with pytest.raises(shipped.NotARegister):
        shipped.read(tmp_path / "damaged.hbr")
    (tmp_path / "other.hbr").write_text("a,b,c")
    with pytest.raises(shipped.NotARegister):
        shipped.read(tmp_path / "other.hbr")


def test_trusts_take_name_and_domain_from_the_list_and_place_from_the_export(entries: dict[str, Entry]) -> None:
    trust = entries["RYJ"]
    assert (trust.name, trust.town, trust.postcode) == ("Imperial College Healthcare NHS Trust", "London", "W2 1BL")
    assert (trust.web_domain, trust.nation) == ("imperial.nhs.uk", "England")
    assert entries["RYT"].nation == "Wales"


def test_a_trust_that_shows_another_ones_host_has_no_domain_of_its_own(entries: dict[str, Entry]) -> None:
    assert entries["RRV"].web_domain == "uclh.nhs.uk"
    assert entries["RA7"].web_domain == ""


def test_a_short_name_claimed_by_two_trusts_stays_with_the_one_it_is_made_of(entries: dict[str, Entry]) -> None:
    assert "UCLH" in entries["RRV"].short_names
    assert entries["RJ1"].short_names == ("GSTT",)


def test_mergers_are_written_on_both_sides(entries: dict[str, Entry]) -> None:
    assert entries["RVJ"].successor_codes == ("RA7",)
    assert entries["RA7"].predecessor_codes == ("RVJ",)
    assert entries["RQN"].successor_codes == ("RYJ",)
    assert entries["03C"].successor_codes == ("15F",)
    assert entries["QMJ"].successor_codes == ("Z9B2Z",)
    assert str(entries["QMJ"].closed_on) == "2026-03-31"


def test_a_successor_that_closed_itself_is_replaced_by_those_who_followed_it() -> None:
    opened = date(2010, 1, 1)
    register = {code: Entry(code, code, "trust", "etr", opened, opened_on=opened) for code in "ABCDE"}

    merge.succeed(register, [("A", "B"), ("B", "C"), ("B", "D"), ("D", "E")])

    assert register["A"].successor_codes == register["B"].successor_codes == ("C", "E")
    assert register["E"].predecessor_codes == ("D",)
    assert register["C"].closed_on is None


def test_children_of_a_merged_board_belong_to_its_successor(entries: dict[str, Entry]) -> None:
    assert entries["V00001"].parent_code == "Z9B2Z"
    assert entries["RYJ"].parent_code == "Z9B2Z"


def test_names_of_earlier_lists_become_former_names(entries: dict[str, Entry]) -> None:
    assert "University Hospitals Bristol NHS Foundation Trust" in entries["RA7"].former_names
    assert entries["15F"].former_names == ("NHS Leeds CCG",)


def test_a_hospital_with_a_new_code_since_its_trust_merged_points_to_it(entries: dict[str, Entry]) -> None:
    assert entries["RVJ01"].successor_codes == ("RA7C2",)
    assert entries["RVJ01"].closed_on is not None


def test_of_trust_sites_only_known_ones_are_kept(entries: dict[str, Entry]) -> None:
    assert (entries["RYJ01"].kind, entries["RYJ99"].kind) == ("nhs_hospital", "trust_site")
    assert "RYJX1" not in entries
    assert "RYJORS" not in entries


def test_departments_dormant_practices_and_hubs_are_left_out(entries: dict[str, Entry]) -> None:
    assert not {"B86005", "B86006", "13Q"} & entries.keys()
    assert "B86004" not in entries, "a closed practice that nobody took over"


def test_kinds_follow_the_prescribing_setting(entries: dict[str, Entry]) -> None:
    assert (entries["B86003"].kind, entries["Y00001"].kind) == ("gp_practice", "hospice")


def test_the_same_provider_of_two_lists_is_there_once(entries: dict[str, Entry]) -> None:
    assert entries["NAA"].name == "SK Health Ltd"
    assert "1-102" not in entries


def test_a_hospital_of_two_lists_has_the_newer_name_and_the_older_place(entries: dict[str, Entry]) -> None:
    hospital = entries["NT412"]
    assert (hospital.name, hospital.source, hospital.town) == ("The Park Hospital", "rtt", "Leeds")
    assert hospital.parent_code == "NT4"
    assert entries["NT4"].name == "BMI Healthcare"


def test_welsh_practices_and_pharmacies_belong_to_their_health_board(entries: dict[str, Entry]) -> None:
    assert (entries["W92001"].parent_code, entries["W92001"].nation) == ("7A4", "Wales")
    assert (entries["FA003"].parent_code, entries["FA003"].name) == ("7A4", "O'Neill & McKenzie")
