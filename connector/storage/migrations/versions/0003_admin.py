"""The pages for people: who may come in, what was edited, and a reading copy of stages, clocks and handoffs."""

from __future__ import annotations

from hashlib import blake2b

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add their tables, empty: the reading copy fills itself."""
    _users()
    _sessions()
    _tokens()
    _attempts()
    _edits()
    _errands()
    _story()
    _alike()
    _people()
    _passes()
    _cycles()
    _handoffs()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", KEY, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("user", KEY, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_user", "sessions", ["user"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("key", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.Column("ends_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("tokens_name", "tokens", ["name"], unique=True)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", KEY, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )


def _edits() -> None:
    op.create_table(
        "versions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "previews",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _errands() -> None:
    op.create_table(
        "errands",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("doing", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found", sa.LargeBinary()),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    running = sa.text("ended_at IS NULL")
    op.create_index("errands_running", "errands", ["kind"], unique=True, sqlite_where=running, postgresql_where=running)


def _story() -> None:
    op.create_index("events_run", "events", ["run_id", "id"])
    acts = sa.text("kind = 'act'")
    op.create_index("events_acts", "events", ["id"], sqlite_where=acts, postgresql_where=acts)


def _alike() -> None:
    """What is one thing to mend, of issues that are open already."""
    op.add_column("issues", sa.Column("alike", sa.Text(), nullable=False, server_default=""))
    issues = sa.table("issues", *map(sa.column, ("id", "kind", "rule", "field", "body", "closed_at", "alike")))
    wanted = (issues.c.id, issues.c.kind, issues.c.rule, issues.c.field, issues.c.body)
    conn = op.get_bind()
    for issue_id, kind, rule, field, body in conn.execute(sa.select(*wanted).where(issues.c.closed_at.is_(None))).all():
        said = orjson.loads(body)
        why = "" if kind == "conflict" else said["code"] or said["reason"]
        parts = (kind, said["side"] or "", field, rule, why)
        alike = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
        conn.execute(sa.update(issues).where(issues.c.id == issue_id).values(alike=alike))
    still = sa.text("closed_at IS NULL")
    op.create_index("issues_alike", "issues", ["alike", "id"], sqlite_where=still, postgresql_where=still)
    op.create_index("issues_kind", "issues", ["kind"], sqlite_where=still, postgresql_where=still)


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("key", KEY, nullable=False),
        sa.Column("hubspot", KEY),
        sa.Column("salesforce", KEY),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("email", KEY, nullable=False),
        sa.Column("company", KEY, nullable=False),
        sa.Column("words", KEY, nullable=False),
        sa.Column("stage", KEY),
        sa.Column("band", KEY),
        sa.Column("since", sa.BigInteger()),
        sa.Column("persona", KEY),
        sa.Column("source", KEY),
        sa.Column("owner", KEY),
        sa.Column("answer", KEY),
        sa.Column("clock", KEY),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_index("people_stage", "people", ["stage", "band", "key"])


def _passes() -> None:
    op.create_table(
        "passes",
        sa.Column("person", KEY, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("stage", KEY, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger()),
        sa.Column("left_to", KEY),
        sa.Column("persona", KEY),
        sa.Column("source", KEY),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("onward", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "number"),
        sqlite_with_rowid=False,
    )
    moved = sa.text("kind NOT IN ('history', 'backward')")
    op.create_index(
        "passes_moved",
        "passes",
        ["stage", "entered_at", "onward", "kind"],
        sqlite_where=moved,
        postgresql_where=moved,
    )


def _cycles() -> None:
    op.create_table(
        "cycles",
        sa.Column("person", KEY, nullable=False),
        sa.Column("policy", KEY, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("owner", KEY),
        sa.Column("team", KEY),
        sa.Column("persona", KEY),
        sa.Column("source", KEY),
        sa.Column("stage", KEY),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("late_s", sa.BigInteger()),
        sa.PrimaryKeyConstraint("person", "policy", "number"),
        sqlite_with_rowid=False,
    )
    counted = ["state", "ended_at"]
    due = ["due_at", "owner", "policy", "team", "persona", "source", *counted]
    op.create_index("cycles_due_at", "cycles", due)
    still = sa.text("ended_at IS NULL")
    pressing = ["due_at", "owner", "policy", *counted]
    op.create_index("cycles_open", "cycles", pressing, sqlite_where=still, postgresql_where=still)


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("person", KEY, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("owner", KEY),
        sa.Column("persona", KEY),
        sa.Column("source", KEY),
        sa.Column("campaign", KEY),
        sa.Column("answer", KEY, nullable=False),
        sa.Column("reason", KEY),
        sa.Column("reason_class", KEY),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("outcome", KEY),
        sa.PrimaryKeyConstraint("person", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("handoffs_answer_at", "handoffs", ["answer", "at"])
    said = ["owner", "persona", "source", "campaign", "answer", "outcome", "reason_class", "reason"]
    op.create_index("handoffs_at", "handoffs", ["at", *said])
