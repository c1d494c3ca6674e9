"""Prints are found by kind and day, indexed while people read and write; the indexes by kind alone are let go."""

from healthberry.core.migrating import build_index, drop_index

revision = "0033_print_indexes"
down_revision = "0032_print_days"

KINDS = ("first", "second", "third", "fourth")


def upgrade() -> None:
    for kind in KINDS:
        build_index(f"ix_copy_prints_{kind}_at", f"copy_prints (organisation_id, {kind}, started_at)")
    for kind in KINDS:
        drop_index(f"ix_copy_prints_{kind}")


def downgrade() -> None:
    for kind in KINDS:
        build_index(f"ix_copy_prints_{kind}", f"copy_prints (organisation_id, {kind})")
    for kind in KINDS:
        drop_index(f"ix_copy_prints_{kind}_at")
