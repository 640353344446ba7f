"""What the running service keeps beside the people's data: post that came in, duties, pulses, quotas, rewrites, drift.

All of it is about the service itself and may be lost without losing a link; only the inbox holds what was acknowledged
to a CRM, and a row of it leaves in the very transaction that marks what it told of.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from connector.storage.tables import ByteKey, RowId
from connector.storage.tables import metadata as metadata  # noqa: PLC0414  # whoever needs every table asks here

inbox = Table(  # one row a request, as it came
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),  # hubspot, outbound, events, journal, pubsub
    Column("received_at", BigInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("problem", Text, nullable=False),  # "": nobody has read it yet; else why it could not be understood
    Index("inbox_problem", "problem", "id"),
    sqlite_autoincrement=True,
)

duties = Table(  # what is to be done again and again, and when next
    "duties",
    metadata,
    Column("name", ByteKey, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False),  # 0: nobody is at it
    Column("body", LargeBinary, nullable=False),  # JSON: its pace, its last outcome
    sqlite_with_rowid=False,
)

pulses = Table(  # processes of the service, and when each was last heard of
    "pulses",
    metadata,
    Column("name", ByteKey, primary_key=True),
    Column("kind", Text, nullable=False),  # web, worker, pubsub
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON: host, pid, version
    sqlite_with_rowid=False,
)

tallies = Table(  # counts that outlive a process: requests refused, events folded, calls by lane
    "tallies",
    metadata,
    Column("name", ByteKey, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

windows = Table(  # quotas that all processes share
    "windows",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("held_until", BigInteger, nullable=False),  # nobody calls before; the side said that we call too often
    Column("body", LargeBinary, nullable=False),  # JSON: what was granted of late, by lane
    sqlite_with_rowid=False,
)

rewrites = Table(  # fields that the bridge has written again and again
    "rewrites",
    metadata,
    Column("key", ByteKey, primary_key=True),  # ref and field
    Column("since", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("rewrites_last", "last"),
    sqlite_with_rowid=False,
)

drift = Table(  # one row an audit
    "drift",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("compared", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
