"""How names are written for people."""

import pytest

from healthberry.register import places
from healthberry.register.domains import web_domain
from healthberry.register.names import proper_case
from healthberry.register.words import key


@pytest.mark.parametrize(
    ("shouted", "written"),
    [
        ("NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 04C", "NHS Leicester, Leicestershire and Rutland ICB - 04C"),
        ("GUY'S AND ST THOMAS' NHS FOUNDATION TRUST", "Guy's and St Thomas' NHS Foundation Trust"),
        ("ST.MARY'S MED.CTR", "St Mary's Medical Centre"),
        ("O'NEILL & MCKENZIE", "O'Neill & McKenzie"),
        ("MACCLESFIELD ROAD SURGERY", "Macclesfield Road Surgery"),
        ("KING EDWARD VII HOSPITAL", "King Edward VII Hospital"),
        ("THE QUEEN ELIZABETH HOSPITAL, KING'S LYNN", "The Queen Elizabeth Hospital, King's Lynn"),
        ("STOCKTON-ON-TEES", "Stockton-on-Tees"),
        ("ASHBY-DE-LA-ZOUCH", "Ashby-de-la-Zouch"),
        ("BURY ST. EDMUNDS", "Bury St Edmunds"),
        ("ACORNS (THE SURGERY)", "Acorns (The Surgery)"),
        ("14 THE STREET", "14 The Street"),
        ("MEDDYGFA CWM RHONDDA", "Meddygfa Cwm Rhondda"),
        ("DHU HEALTH CARE CIC", "DHU Health Care CIC"),
        ("MR J SMITH LTD", "Mr J Smith Ltd"),
        ("PHARMACY2U.CO.UK", "pharmacy2u.co.uk"),
        ("ABC PLC", "ABC plc"),
        ("MEDICINES2PATIENT LTD", "Medicines2Patient Ltd"),
        ("YORKSHIRE NHS111 HUB W2U3Z", "Yorkshire NHS111 Hub W2U3Z"),
        ("1ST CHOICE DENTAL", "1st Choice Dental"),
        ("DR A.C.CURD", "Dr A.C.Curd"),
    ],
)
def test_a_name_in_capitals_is_written_in_proper_case(shouted: str, written: str) -> None:
    assert proper_case(shouted) == written
    assert proper_case(written) == written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Sk Health Ltd", "SK Health Ltd"),
        ("University Hospital Of North Durham", "University Hospital of North Durham"),
        ("BMI The Park Hospital", "BMI The Park Hospital"),
        ("Walton On The Naze", "Walton on the Naze"),
        ("Nottinghamshire Healthcare Nhs Trust", "Nottinghamshire Healthcare NHS Trust"),
        ("Mrs Beverley M Winchester", "Mrs Beverley M Winchester"),
    ],
)
def test_a_name_in_mixed_case_only_has_its_abbreviations_and_small_words_put_right(given: str, written: str) -> None:
    assert proper_case(given) == written


def test_spellings_of_one_name_share_a_key() -> None:
    spellings = ("St. Mary's & Co", "SAINT MARYS AND CO", "st mary’s and co")
    assert {key(spelling) for spelling in spellings} == {"st marys co"}


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.imperial.nhs.uk/about-us", "imperial.nhs.uk"),
        ("https://docs.uhb.nhs.uk/board", "uhb.nhs.uk"),
        ("https://www.westyorkshire.icb.nhs.uk/", "westyorkshire.icb.nhs.uk"),
        ("http://www.bcu.wales.nhs.uk/", "bcu.wales.nhs.uk"),
        ("sbuhb.nhs.wales", "sbuhb.nhs.wales"),
        ("https://nhs.net/mail", ""),
        ("https://www.nhs.uk/services/hospital/x", ""),
        ("https://www.facebook.com/surgery", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_an_address_proves_only_a_domain_of_ones_own(address: str, domain: str) -> None:
    assert web_domain(address) == domain


@pytest.mark.parametrize(
    ("postcode", "region", "nation"),
    [
        ("LS1 2AB", "Y63", "England"),
        ("CH5 1UX", "W00", "Wales"),
        ("CF10 4BZ", "", "Wales"),
        ("EH1 1AA", "", "Scotland"),
        ("BT1 1AA", "", "Northern Ireland"),
        ("IM1 1AA", "", "Isle of Man"),
        ("", "", "England"),
    ],
)
def test_the_nation_follows_from_region_and_postcode(postcode: str, region: str, nation: str) -> None:
    assert places.nation(postcode, region) == nation


def test_the_town_is_found_among_free_address_lines() -> None:
    towns = places.Towns([("LEEDS", "LS1 1AA")] * 2 + [("OTLEY", "LS21 1AA")] * 3)
    assert towns.pick(("1 HIGH STREET", "LEEDS", "WEST YORKSHIRE"), "LS1 4AP") == ("LEEDS", "1 HIGH STREET")
    assert towns.pick(("HEALTH CENTRE", "BACK LANE"), "LS21 3QA") == ("OTLEY", "HEALTH CENTRE, BACK LANE")
    assert towns.pick(("3 FRONT STREET", "PELTON", "CHESTER LE STREET"), "DH2 1EZ")[0] == "CHESTER LE STREET"


@pytest.mark.parametrize(("given", "written"), [("ls12ab", "LS1 2AB"), ("SW1A  1AA", "SW1A 1AA"), ("NOT ONE", "")])
def test_a_postcode_is_written_with_one_space_or_not_at_all(given: str, written: str) -> None:
    assert places.postcode(given) == written
