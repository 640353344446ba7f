"""The schema as the code of today sees it; `migrations` holds how a store gets there, and a test compares the two.

Keys are compared byte by byte on both databases (collation "C" on PostgreSQL), so that paging by key gives one order
everywhere. On SQLite the small keyed tables are clustered on their key (no row ids), which halves the work of an
upsert.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

SHARDS = 64

metadata = MetaData()

RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER keys
ByteKey = Text().with_variant(Text(collation="C"), "postgresql")

links = Table(
    "links",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("pair", Text, nullable=False),
    Column("hubspot", ByteKey, nullable=False, unique=True),
    Column("salesforce", ByteKey, nullable=False, unique=True),
    Column("memory", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    Column("shard", Integer, Computed(f"id % {SHARDS}", persisted=True)),
    sqlite_autoincrement=True,  # an id is never given twice, so that a late worker cannot touch a stranger's link
)

dirty = Table(
    "dirty",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", BigInteger, nullable=False),  # 0: nobody works on it
    Column("marked_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("shard", SmallInteger, nullable=False, server_default="0"),
    Index("dirty_lane_due_at", "lane", "due_at"),
    Index("dirty_shard_due_at", "shard", "due_at"),
    sqlite_with_rowid=False,
)

cursors = Table(
    "cursors",
    metadata,
    Column("side", Text, primary_key=True),
    Column("cursor", LargeBinary, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("side", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Index("seen_side_object_stamp", "side", "object", "stamp"),
    sqlite_with_rowid=False,
)

spool = Table(
    "spool",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", ByteKey, primary_key=True),
    Column("side", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("reading", LargeBinary, nullable=False),
)

spool_claims = Table(  # beside the spool, so that a claim does not write a reading anew
    "spool_claims",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", ByteKey, primary_key=True),
    sqlite_with_rowid=False,
)

spool_marks = Table(
    "spool_marks",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", ByteKey, primary_key=True),
    Column("key", ByteKey, primary_key=True),
    sqlite_with_rowid=False,
)

_OPEN = text("closed_at IS NULL")

issues = Table(
    "issues",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("key", ByteKey, nullable=False),
    Column("rule", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    Column("other_value", LargeBinary),
    Column("decision", Text),
    Column("run_id", BigInteger),
    Column("times", BigInteger, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_how", Text),
    Column("alike", Text, nullable=False, server_default=""),  # core.alike: what is one thing to mend
    Index("issues_alike", "alike", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("issues_kind", "kind", sqlite_where=_OPEN, postgresql_where=_OPEN),  # or counting them reads every one
    Index(
        "issues_open",
        "key",
        "kind",
        "rule",
        "field",
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    ),
    sqlite_autoincrement=True,
)

issue_refs = Table(
    "issue_refs",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("issue_id", RowId, ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True),
    Index("issue_refs_issue_id", "issue_id"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("hubspot", ByteKey),
    Column("salesforce", ByteKey),
    Column("run_id", BigInteger),
    Column("payload", LargeBinary, nullable=False),
    Index("events_hubspot", "hubspot", "id"),
    Index("events_salesforce", "salesforce", "id"),
    Index("events_at", "at"),
    Index("events_run", "run_id", "id"),
    Index(  # few among many: what people did
        "events_acts", "id", sqlite_where=text("kind = 'act'"), postgresql_where=text("kind = 'act'")
    ),
)

journeys = Table(
    "journeys",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("ref", ByteKey, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("key", ByteKey),  # NULL: no such limit
    Column("kind", Text, nullable=False),
    Column("owner", ByteKey),  # of those handed over: to whom
    Column("what", LargeBinary, nullable=False),
    Index("journeys_ref_key", "ref", "key", unique=True),
    Index(
        "journeys_owner_at",
        "owner",
        "at",
        sqlite_where=text("owner IS NOT NULL"),
        postgresql_where=text("owner IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

became = Table(
    "became",
    metadata,
    Column("old", ByteKey, primary_key=True),
    Column("new", ByteKey, nullable=False),
    Index("became_new", "new"),
    sqlite_with_rowid=False,
)

timers = Table(
    "timers",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Index("timers_due_at", "due_at"),
    sqlite_with_rowid=False,
)

editions = Table(
    "editions",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("version", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("open_too", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("config_digest", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text),
    Column("counts", LargeBinary),
    sqlite_autoincrement=True,
)

effects = Table(
    "effects",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("about", ByteKey, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Index("effects_state_kind", "state", "kind", "due_at"),
    Index("effects_about", "about"),
    sqlite_with_rowid=False,
)

budgets = Table(
    "budgets",
    metadata,
    Column("side", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("hash", ByteKey, primary_key=True),
    Column("erased_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

bindings = Table(
    "bindings",
    metadata,
    Column("side", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
)

state = Table(
    "state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
