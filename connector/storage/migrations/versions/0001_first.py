"""The first schema: links, work to look at, the spool, issues, the story, and the small tables beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Set up an empty store."""
    _links()
    _work()
    _spool()
    _issues()
    _story()
    _journeys()
    _appointments()
    _effects()
    _account()


def _links() -> None:
    """Pairs of records and what is remembered of them."""
    op.create_table(
        "links",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("hubspot", KEY, nullable=False),
        sa.Column("salesforce", KEY, nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.Integer(), sa.Computed("id % 64", persisted=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hubspot"),
        sa.UniqueConstraint("salesforce"),
        sqlite_autoincrement=True,
    )


def _work() -> None:
    """Where to look again, and how far each side was read."""
    op.create_table(
        "dirty",
        sa.Column("key", KEY, nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("dirty_lane_due_at", "dirty", ["lane", "due_at"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("cursor", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("side"),
    )
    op.create_table(
        "seen",
        sa.Column("key", KEY, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("seen_side_object_stamp", "seen", ["side", "object", "stamp"], unique=False)


def _spool() -> None:
    """The readings of a full pass."""
    op.create_table(
        "spool",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("reading", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key"),
    )
    op.create_table(
        "spool_claims",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spool_marks",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "mark", "key"),
        sqlite_with_rowid=False,
    )


def _issues() -> None:
    """What waits for a person."""
    op.create_table(
        "issues",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("other_value", sa.LargeBinary(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_how", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "issues_open",
        "issues",
        ["key", "kind", "rule", "field"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "issue_refs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("issue_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "issue_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("issue_refs_issue_id", "issue_refs", ["issue_id"], unique=False)


def _story() -> None:
    """What happened, and in which run."""
    op.create_table(
        "events",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hubspot", KEY, nullable=True),
        sa.Column("salesforce", KEY, nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_at", "events", ["at"], unique=False)
    op.create_index("events_hubspot", "events", ["hubspot", "id"], unique=False)
    op.create_index("events_salesforce", "events", ["salesforce", "id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("config_digest", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("counts", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _effects() -> None:
    """What was set off: notices, tasks, webhooks."""
    op.create_table(
        "effects",
        sa.Column("key", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("about", KEY, nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("effects_about", "effects", ["about"], unique=False)
    op.create_index("effects_state_kind", "effects", ["state", "kind", "due_at"], unique=False)


def _journeys() -> None:
    """Journeys, and who went on as whom."""
    op.create_table(
        "journeys",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("ref", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("key", KEY, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", KEY, nullable=True),
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("journeys_ref_key", "journeys", ["ref", "key"], unique=True)
    op.create_index(
        "journeys_owner_at",
        "journeys",
        ["owner", "at"],
        unique=False,
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_table(
        "became",
        sa.Column("old", KEY, nullable=False),
        sa.Column("new", KEY, nullable=False),
        sa.PrimaryKeyConstraint("old"),
        sqlite_with_rowid=False,
    )
    op.create_index("became_new", "became", ["new"], unique=False)


def _appointments() -> None:
    """When to look again, and what was promised when."""
    op.create_table(
        "timers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("timers_due_at", "timers", ["due_at"], unique=False)
    op.create_table(
        "editions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("open_too", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _account() -> None:
    """Daily calls, the accounts behind the sides, erased records, small things."""
    op.create_table(
        "budgets",
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("side", "day"),
    )
    op.create_table(
        "bindings",
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("side"),
    )
    op.create_table(
        "tombstones",
        sa.Column("hash", KEY, nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "state",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
