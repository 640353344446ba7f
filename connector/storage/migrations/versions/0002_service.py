"""The service: an inbox, duties, pulses, tallies, shared quotas, rewrites, audits; work is spread over shards."""

from __future__ import annotations

from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the service's tables; what waits already gets its shard, by the HubSpot key of its link or its own."""
    op.add_column("dirty", sa.Column("shard", sa.SmallInteger(), nullable=False, server_default="0"))
    _share_out()
    op.create_index("dirty_shard_due_at", "dirty", ["shard", "due_at"])
    _inbox()
    _running()
    _watching()


def _share_out() -> None:
    found = "SELECT d.key, coalesce(l.hubspot, d.key) FROM dirty d LEFT JOIN links l ON l.salesforce = d.key"
    rows = [{"key": key, "shard": crc32(hashed.encode()) % 64} for key, hashed in op.get_bind().execute(sa.text(found))]
    if rows:
        op.get_bind().execute(sa.text("UPDATE dirty SET shard = :shard WHERE key = :key"), rows)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_problem", "inbox", ["problem", "id"])


def _running() -> None:
    op.create_table(
        "duties",
        sa.Column("name", KEY, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pulses",
        sa.Column("name", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("name", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "windows",
        sa.Column("key", KEY, nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )


def _watching() -> None:
    op.create_table(
        "rewrites",
        sa.Column("key", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("rewrites_last", "rewrites", ["last"])
    op.create_table(
        "drift",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
