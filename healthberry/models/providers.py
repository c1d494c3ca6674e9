"""The national register: one row a provider, and one row about what was loaded.

Filled by `healthberry.register`, searched by `healthberry.core.register`; the application's role only reads it.
"""

from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment


class Provider(Base):
    """An entry of the national register; those that closed stay, with who took over."""

    __tablename__ = "providers"

    ods_code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    parent_code: Mapped[str | None]
    street: Mapped[str | None]
    town: Mapped[str | None]
    postcode: Mapped[str | None]
    nation: Mapped[str]
    web_domain: Mapped[str | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    former_names: Mapped[list[str]] = mapped_column(ARRAY(String))
    short_names: Mapped[list[str]] = mapped_column(ARRAY(String))
    predecessor_codes: Mapped[list[str]] = mapped_column(ARRAY(String))
    successor_codes: Mapped[list[str]] = mapped_column(ARRAY(String))
    source: Mapped[str]
    source_as_of: Mapped[date]
    # What follows is made from the above when the register is loaded, for search.
    weight: Mapped[int] = mapped_column(SmallInteger)
    name_key: Mapped[str] = mapped_column(String(collation="C"))
    other_keys: Mapped[list[str]] = mapped_column(ARRAY(String))
    document: Mapped[str] = mapped_column(TSVECTOR, deferred=True)

    __table_args__ = (
        Index("ix_providers_document", "document", postgresql_using="gin"),
        Index(
            "ix_providers_document_of_large",
            "document",
            postgresql_using="gin",
            postgresql_where=text("weight >= 20"),
        ),
        Index("ix_providers_name_key", "name_key"),
        Index("ix_providers_parent_code", "parent_code", "kind"),
    )


class RegisterVersion(Base):
    """The one row that says which register is loaded and how large it is."""

    __tablename__ = "register_versions"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    content_hash: Mapped[str]
    as_of: Mapped[date]
    total_count: Mapped[int]
    open_count: Mapped[int]
    loaded_at: Mapped[Moment]
    refreshed_at: Mapped[Moment | None]
