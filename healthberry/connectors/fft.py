"""The Friends and Family Test: comments from a survey supplier's export, and NHS England's monthly counts.

Source: NHS England: free text is never submitted nationally, so comments come from a provider's own export only.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from healthberry.connectors import fft_published, table_files
from healthberry.connectors.base import (
    About,
    Access,
    Capabilities,
    Importer,
    Linkables,
    ReplyPermission,
    ReplyTarget,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.fft_comments import Comments
from healthberry.connectors.here import one_of_a_kind
from healthberry.connectors.imports import FileLook, FileReading, Upload

_ANONYMOUS: Final = (
    "Answers to the Friends and Family Test are anonymous, so nobody can be answered. What you change because of it "
    "can be told to everybody."
)


class Fft(Defaults):
    """The connector of kind "fft". Channel config: nothing."""

    kind: ClassVar[str] = "fft"

    @property
    def capabilities(self) -> Capabilities:
        """Return that exports are uploaded and nobody is answered."""
        return Capabilities(
            label="Friends and Family Test comments",
            place="Friends and Family Test",
            short="FFT",
            item="comment",
            reply="none",
            poll_seconds=None,
            connect="here",
            about=About(
                reads="Comments from the export of whoever runs your survey (CSV or Excel), whatever its columns "
                "are called. NHS England's monthly results are recognised, and their counts of your organisation kept.",
                answers="Nobody can be answered: the answers are anonymous.",
                needs="An administrator uploads the export, as often as you like: what is here already is not added "
                "again.",
                data="The file itself is deleted once it is imported, at the latest after a day. An import can be "
                "taken back for a day, with everything that came with it.",
            ),
            group="own",
            several=False,
            private=True,
            backfills=False,
            imports=(".csv", ".xlsx", ".xlsm"),
            rechecks=False,
        )

    def link(self, access: Access) -> Linkables:
        """Return the one channel of this kind."""
        return one_of_a_kind(self.kind, self.capabilities.label)

    def importer(self) -> Importer:
        """Return what reads exports of comments and published results."""
        return FftFiles()

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that nobody can be answered, and why."""
        return ReplyPermission("none", _ANONYMOUS)


class FftFiles:
    """Tells published results from exports of comments, and has each read."""

    def look(self, upload: Upload, answers: Mapping[str, str]) -> FileLook:
        """Say which of the two a file is, and ask what it leaves open. Raises: NotImported."""
        sheets = table_files.read(upload, answers.get("encoding", ""))
        if fft_published.is_published(sheets):
            return fft_published.look(upload, sheets)
        return Comments().look_at(sheets, answers)

    def read(self, upload: Upload, answers: Mapping[str, str]) -> FileReading:
        """Read comments, or counts. Raises: NotImported."""
        sheets = table_files.read(upload, answers.get("encoding", ""))
        if fft_published.is_published(sheets):
            return fft_published.read(upload, sheets, answers)
        return Comments().read_from(sheets, answers)
