"""What can go wrong, in sentences for operators."""


class BackupError(Exception):
    """A backup or a restore that did not happen; the text is a plain sentence that says why."""


class Damaged(BackupError):
    """The file is not, byte for byte, what was written."""
