"""A few rows of every source file, in the shape in which they are published."""

# ruff: noqa: E501

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final


def ods(
    code: str,
    name: str,
    *,
    region: str = "Y56",
    icb: str = "QMJ",
    lines: Sequence[str] = (),
    postcode: str = "",
    opened: str = "20010401",
    closed: str = "",
    status: str = "",
    subtype: str = "",
    parent: str = "",
    area: str = "",
    setting: str = "",
) -> str:
    """Write one line of a headerless export: 27 quoted columns."""
    address = [*lines, *[""] * (5 - len(lines))]
    first = [code, name, region, icb, *address, postcode, opened, closed, status, subtype, parent]
    columns = [*first, *[""] * 8, area, "", setting, ""]
    return ",".join(f'"{column}"' for column in columns)


TRUSTS: Final = (
    ods("RYJ", "IMPERIAL COLLEGE HEALTHCARE NHS TRUST", icb="QRV", lines=("THE BAYS", "", "", "LONDON"), postcode="W2 1BL"),
    ods("RRV", "UNIVERSITY COLLEGE LONDON HOSPITALS NHS FOUNDATION TRUST", lines=("250 EUSTON ROAD", "", "", "LONDON"),
        postcode="NW1 2PG"),
    ods("RJ1", "GUY'S AND ST THOMAS' NHS FOUNDATION TRUST", icb="QKK", lines=("GREAT MAZE POND", "", "", "LONDON"),
        postcode="SE1 9RT"),
    ods("RA7", "BRISTOL NHS FOUNDATION TRUST", icb="QUY", lines=("MARLBOROUGH STREET", "", "", "BRISTOL"), postcode="BS1 3NU"),
    ods("RVJ", "NORTH BRISTOL NHS TRUST", icb="QUY", lines=("SOUTHMEAD ROAD", "", "", "BRISTOL"), postcode="BS10 5NB",
        closed="20260630"),
    ods("RQN", "HAMMERSMITH HOSPITALS NHS TRUST", icb="QRV", lines=("DU CANE ROAD", "", "", "LONDON"), postcode="W12 0HS",
        closed="20070930"),
    ods("RYT", "PUBLIC HEALTH WALES NHS TRUST", region="W00", icb="Q99", lines=("TYNDALL STREET", "", "", "CARDIFF"),
        postcode="CF10 4BZ"),
)  # fmt: skip

COMMISSIONERS: Final = (
    ods("15F", "NHS WEST YORKSHIRE ICB - 15F", icb="QWO", lines=("WIRA HOUSE", "", "", "LEEDS"), postcode="LS16 6EB",
        subtype="RO319", opened="20180401"),
    ods("03C", "NHS LEEDS WEST CCG", icb="QWO", lines=("WIRA HOUSE", "", "", "LEEDS"), postcode="LS16 6EB",
        closed="20180331"),
    ods("13Q", "NATIONAL COMMISSIONING HUB 1", icb="QWO", subtype="RO218"),
)  # fmt: skip

PRACTICES: Final = (
    ods("B86001", "THE SURGERY", icb="QWO", lines=("1 HIGH STREET", "OTLEY", "WEST YORKSHIRE"), postcode="LS21 1AA",
        status="A", parent="15F", setting="4"),
    ods("B86002", "THE SURGERY", icb="QWO", lines=("2 LOW LANE", "LEEDS", "WEST YORKSHIRE"), postcode="LS6 2BB",
        status="A", parent="15F", setting="4"),
    ods("B86003", "CEDAR MED.CTR", icb="QWO", lines=("3 PARK ROW", "LEEDS", "WEST YORKSHIRE"), postcode="LS1 5HD",
        status="A", parent="15F", setting="4"),
    ods("B86004", "OLD FORGE SURGERY", icb="QWO", lines=("LEEDS",), postcode="LS1 5HD", status="C", closed="20240101",
        parent="15F", setting="4"),
    ods("B86005", "CHILD DEVELOPMENT TEAM", icb="QWO", postcode="LS1 5HD", status="A", parent="15F", setting="9"),
    ods("Y00001", "ST MARY'S HOSPICE", icb="QWO", lines=("4 HILL ROAD", "LEEDS"), postcode="LS7 3AB", status="A",
        parent="15F", setting="13"),
    ods("W92001", "MEDDYGFA CWM GWAUN", region="W00", icb="Q99", lines=("5 SQUARE", "CARDIFF"), postcode="CF10 1AA",
        status="A", parent="7A4", setting="4"),
    ods("B86006", "SLEEPING PRACTICE", icb="QWO", lines=("LEEDS",), postcode="LS1 5HD", status="D", parent="15F", setting="4"),
)  # fmt: skip

PHARMACIES: Final = (
    ods("FA001", "BOOTS", icb="QWO", lines=("6 BRIGGATE", "LEEDS", "WEST YORKSHIRE"), postcode="LS1 6HW", status="A",
        subtype="1"),
    ods("FA002", "BOOTS", icb="QOQ", lines=("7 JAMES STREET", "HARROGATE", "NORTH YORKSHIRE"), postcode="HG1 1QF",
        status="A", subtype="1"),
    ods("FA003", "O'NEILL & MCKENZIE", region="W00", icb="Q99", lines=("8 QUAY STREET", "CARDIFF"), postcode="CF10 1EA",
        status="A", subtype="1", area="7A4"),
)  # fmt: skip

DENTISTS: Final = (
    ods("V00001", "DENTAL SURGERY", icb="QMJ", lines=("9 MILL LANE", "", "", "LONDON", "LONDON"), postcode="NW6 1NF",
        status="A", subtype="D", parent="QMJ"),
    ods("V00002", "DENTAL SURGERY", icb="QWO", lines=("10 MILL LANE", "", "", "LEEDS", "WEST YORKSHIRE"),
        postcode="LS13 3HE", status="A", subtype="D", parent="QWO"),
)  # fmt: skip

SITES: Final = (
    ods("RYJ01", "ST MARY'S HOSPITAL (HQ)", icb="QRV", lines=("PRAED STREET", "", "", "LONDON"), postcode="W2 1NY", parent="RYJ"),
    ods("RYJ99", "PADDINGTON CLINIC", icb="QRV", lines=("HARROW ROAD", "", "", "LONDON"), postcode="W2 1AA", parent="RYJ"),
    ods("RYJX1", "MATERNITY TEAM 4", icb="QRV", lines=("HARROW ROAD", "", "", "LONDON"), postcode="W2 1AA", parent="RYJ"),
    ods("RA7C2", "SOUTHMEAD HOSPITAL", icb="QUY", lines=("SOUTHMEAD ROAD", "", "", "BRISTOL"), postcode="BS10 5NB", parent="RA7"),
)  # fmt: skip

FILES: Final[Mapping[str, str]] = {
    "etr.csv": "\n".join(TRUSTS),
    "eccg.csv": "\n".join(COMMISSIONERS),
    "epraccur.csv.gz": "\n".join(PRACTICES),
    "edispensary.csv.gz": "\n".join(PHARMACIES),
    "egdpprac.csv.gz": "\n".join(DENTISTS),
    "ets.csv.gz": "\n".join(("# Source: somewhere", *SITES)),
    "eric.csv.gz": "# Source: somewhere\nTrust Code,Trust Name,Site Code,Site Name,Site Type\n"
    "RYJ,IMPERIAL,RYJ01,ST MARYS,General acute hospital\nRYJ,IMPERIAL,RYJ99,PADDINGTON,Non inpatient\n"
    "RA7,BRISTOL,RA7C2,SOUTHMEAD,General acute hospital\nRYJ,IMPERIAL,RYJORS,OTHER REPORTABLE SITES,Other Reportable Site\n",
    "trust_urls.csv": "ods_code,name,alt_names,type,url,predecessor_codes,merger_date,group_board_url\n"
    "RYJ,Imperial College Healthcare NHS Trust,Imperial College Healthcare;Imperial Healthcare,Acute,"
    "https://www.imperial.nhs.uk/board,,,\n"
    "RRV,University College London Hospitals NHS Foundation Trust,UCLH,Acute,https://www.uclh.nhs.uk/about,,,\n"
    "RJ1,Guy's and St Thomas' NHS Foundation Trust,GSTT;UCLH,Acute,https://docs.guysandstthomas.nhs.uk/x,,,\n"
    "RA7,Bristol NHS Foundation Trust,North Bristol NHS Trust;NBT,Acute,https://www.uclh.nhs.uk/x,RVJ,2026-07-01,"
    "https://www.uclh.nhs.uk/x\n",
    "icb_urls.csv": "ods_code,name,alt_names,predecessor_codes,merger_date,url,url_root\n"
    "QWO,West Yorkshire ICB,,,,https://www.westyorkshire.icb.nhs.uk/x,https://www.westyorkshire.icb.nhs.uk\n"
    "Z9B2Z,West and North London ICB,W&NL ICB,QMJ;QRV,2026-04-01,https://www.westandnorthlondon.icb.nhs.uk/x,\n"
    "QOQ,Humber and North Yorkshire ICB,,,,https://nhs.net/x,\n",
    "icb_names_codes_dec_2024.csv": "ICB24CD,ICB24CDH,ICB24NM,ObjectId\n"
    "E1,QMJ,NHS North Central London Integrated Care Board,1\nE2,QRV,NHS North West London Integrated Care Board,2\n"
    "E3,QWO,NHS West Yorkshire Integrated Care Board,3\n",
    "Hospital.csv": "OrganisationID~OrganisationCode~OrganisationType~SubType~Sector~OrganisationStatus~IsPimsManaged~"
    "OrganisationName~Address1~Address2~Address3~City~County~Postcode~Latitude~Longitude~ParentODSCode~ParentName~"
    "Phone~Email~Website~Fax\n"
    "1~RYJ01~Hospital~Hospital~NHS Sector~Visible~True~St Mary's Hospital~Praed Street~~~London~~W2 1NY~~~RYJ~"
    "Imperial College Healthcare NHS Trust~~~https://www.imperial.nhs.uk/st-marys~\n"
    "2~RVJ01~Hospital~Hospital~NHS Sector~Visible~True~Southmead Hospital~Southmead Road~~~Bristol~~BS10 5NB~~~RVJ~"
    "North Bristol NHS Trust~~~https://www.nbt.nhs.uk~\n"
    "3~NT412~Hospital~Hospital~Independent Sector~Visible~True~BMI The Park “Hospital”~Park Road~~~Leeds~~LS8 1AA~~~NT4~"
    "BMI Healthcare~~~http://www.bmihealthcare.co.uk/park~\n",
    "rtt_providers_2026-04.csv": "org_code,org_name,parent_code,parent_name\n"
    "C3Y0A,SPAMEDICA BLACKPOOL,QWO,X\nRYJ,IMPERIAL COLLEGE HEALTHCARE NHS TRUST,QRV,X\nNT412,THE PARK HOSPITAL,QWO,X\n",
    "wales_health_boards.csv": "Health Board code,Health board alt code,Health Board,Postcode,URL\n"
    "7A4,W1,Cardiff and Vale University Local Health Board,CF14 4XW,http://www.cardiffandvaleuhb.wales.nhs.uk/\n",
    "nhsuk_2014/Trust.csv.gz": "OrganisationID¬OrganisationCode¬OrganisationType¬SubType¬OrganisationStatus¬IsPimsManaged¬"
    "OrganisationName¬Address1¬Address2¬Address3¬City¬County¬Postcode¬Latitude¬Longitude\n"
    "1¬NAA¬Trust¬Independent¬Visible¬False¬Sk Health Ltd¬Hey Road¬¬¬Clitheroe¬Lancashire¬BB7 9WB¬1¬1\n"
    "2¬RA7¬Trust¬Acute¬Visible¬False¬University Hospitals Bristol NHS Foundation Trust¬¬¬¬Bristol¬¬BS1 3NU¬1¬1\n",
    "nhsuk_2014/SCP.csv.gz": "OrganisationID¬OrganisationCode¬OrganisationType¬SubType¬OrganisationStatus¬IsPimsManaged¬"
    "OrganisationName¬Address1¬Address2¬Address3¬City¬County¬Postcode¬Latitude¬Longitude\n"
    "1¬1-101¬Social care provider¬UNKNOWN¬Visible¬False¬Cedar Care Limited¬1 Oak Road¬¬¬Leeds¬West Yorkshire¬LS9 9AA¬1¬1\n"
    "2¬1-102¬Social care provider¬UNKNOWN¬Visible¬False¬SK Health Limited¬Hey Road¬¬¬Clitheroe¬¬BB7 9WB¬1¬1\n",
}  # fmt: skip


def write_sources(folder: Path) -> None:
    """Write every source file below the folder, compressed and encoded as published."""
    (folder / "nhsuk_2014").mkdir()
    for name, content in FILES.items():
        encoding = "cp1252" if name == "Hospital.csv" else "latin-1" if "2014" in name else "utf-8"
        raw = content.encode(encoding)
        (folder / name).write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
