"""What the pages for people keep: who may come in, what was edited, and a reading copy of what was derived.

`people`, `passes`, `cycles` and `handoffs` are the reading copy: rows that follow from links, journeys and readings,
written in the transaction that stores those, so that a page over 100,000 people is one indexed question. Nobody decides
by them, and all of them can be made anew at any time.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, text

from connector.storage.service_tables import metadata as metadata  # noqa: PLC0414  # whoever needs every table asks here
from connector.storage.tables import ByteKey, RowId

users = Table(  # people who may sign in
    "users",
    metadata,
    Column("name", ByteKey, primary_key=True),  # how they sign in; of OpenID Connect: issuer and subject
    Column("shown", Text, nullable=False),  # how they are called
    Column("role", Text, nullable=False),  # viewer, operator, admin
    Column("hash", Text, nullable=False),  # of the password; "": comes in by OpenID Connect only
    Column("active", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    sqlite_with_rowid=False,
)

sessions = Table(  # who is signed in
    "sessions",
    metadata,
    Column("key", ByteKey, primary_key=True),  # SHA-256 of what the cookie holds
    Column("user", ByteKey, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index("sessions_user", "user"),
    sqlite_with_rowid=False,
)

tokens = Table(  # of scripts
    "tokens",
    metadata,
    Column("key", ByteKey, primary_key=True),  # SHA-256 of the token
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("ends_at", BigInteger),  # NULL: never
    Index("tokens_name", "name", unique=True),
    sqlite_with_rowid=False,
)

attempts = Table(  # failed sign-ins of late, by name and by address
    "attempts",
    metadata,
    Column("key", ByteKey, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

versions = Table(  # of the mapping files, whoever edited them where
    "versions",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("published", Boolean, nullable=False),  # saved on the page, so every process takes it up
    Column("body", LargeBinary, nullable=False),  # JSON: every file's text by its name
    sqlite_autoincrement=True,
)

previews = Table(  # what a draft would change, worked out in the background
    "previews",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, done, failed
    Column("body", LargeBinary, nullable=False),  # JSON: the draft's files, progress, what was found
    sqlite_autoincrement=True,
)

errands = Table(  # what people asked for that takes longer than a page: a survey, an undo
    "errands",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("asked", LargeBinary, nullable=False),  # JSON
    Column("began_at", BigInteger, nullable=False),
    Column("beat_at", BigInteger, nullable=False),  # the last sign of life of whoever is at it
    Column("doing", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("ended_at", BigInteger),
    Column("state", Text, nullable=False),  # running, done, failed, lost
    Column("found", LargeBinary),  # JSON
    Column("problem", Text, nullable=False),
    Index(
        "errands_running",
        "kind",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

people = Table(  # read from end to end when words are looked for, so its rows are short
    "people",
    metadata,
    Column("key", ByteKey, primary_key=True),  # the HubSpot record, else the Salesforce record
    Column("hubspot", ByteKey),
    Column("salesforce", ByteKey),
    Column("pair", Text, nullable=False),
    Column("name", ByteKey, nullable=False),
    Column("email", ByteKey, nullable=False),
    Column("company", ByteKey, nullable=False),
    Column("words", ByteKey, nullable=False),  # name, e-mail, company and ids in small letters, to be searched
    Column("stage", ByteKey),
    Column("band", ByteKey),
    Column("since", BigInteger),  # when the stage was entered
    Column("persona", ByteKey),
    Column("source", ByteKey),
    Column("owner", ByteKey),
    Column(
        "answer", ByteKey
    ),  # sales' last word: waiting, asked, accepted, rejected, recycled, disqualified, taken back
    Column("clock", ByteKey),  # the state of the open clock that presses most
    Column("due_at", BigInteger),
    Column("seen_at", BigInteger, nullable=False),
    Column("digest", BigInteger, nullable=False),  # of all that the reading copy says of them
    Index("people_stage", "stage", "band", "key"),
    sqlite_with_rowid=False,
)

MOVED = text("kind NOT IN ('history', 'backward')")  # stays that count in a funnel; an index holds only those

passes = Table(  # every stay in a stage
    "passes",
    metadata,
    Column("person", ByteKey, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("stage", ByteKey, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    Column("left_to", ByteKey),
    Column("persona", ByteKey),
    Column("source", ByteKey),
    Column("evidence", Text, nullable=False),
    Column("kind", ByteKey, nullable=False),  # of the move that brought them there; history, start
    Column("onward", Boolean, nullable=False),  # they came to the next stage or further since
    Index("passes_moved", "stage", "entered_at", "onward", "kind", sqlite_where=MOVED, postgresql_where=MOVED),
    sqlite_with_rowid=False,
)

OPEN = text("ended_at IS NULL")
_COUNTED = ("state", "ended_at")
_SAID = ("answer", "outcome", "reason_class", "reason")

cycles = Table(  # every cycle of every clock
    "cycles",
    metadata,
    Column("person", ByteKey, primary_key=True),
    Column("policy", ByteKey, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("state", ByteKey, nullable=False),  # running, warned, paused, met, breached, cancelled
    Column("owner", ByteKey),
    Column("team", ByteKey),  # whose commitment it is: sales, marketing
    Column("persona", ByteKey),
    Column("source", ByteKey),
    Column("stage", ByteKey),
    Column("started_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # of what ended in time: the deadline it had then
    Column("ended_at", BigInteger),
    Column("late_s", BigInteger),  # business seconds after the deadline, once it has ended
    # Both hold all that is counted of a clock, so that a count over 100,000 of them does not look at one by one.
    Index("cycles_open", "due_at", "owner", "policy", *_COUNTED, sqlite_where=OPEN, postgresql_where=OPEN),
    Index("cycles_due_at", "due_at", "owner", "policy", "team", "persona", "source", *_COUNTED),
    sqlite_with_rowid=False,
)

handoffs = Table(  # every time somebody was handed to sales, and what came back
    "handoffs",
    metadata,
    Column("person", ByteKey, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("owner", ByteKey),
    Column("persona", ByteKey),
    Column("source", ByteKey),
    Column("campaign", ByteKey),
    Column("answer", ByteKey, nullable=False),  # as in people
    Column("reason", ByteKey),
    Column("reason_class", ByteKey),
    Column("answered_at", BigInteger),
    Column("outcome", ByteKey),  # what it counts as: accepted, rejected, expired
    Index("handoffs_at", "at", "owner", "persona", "source", "campaign", *_SAID),
    Index("handoffs_answer_at", "answer", "at"),
    sqlite_with_rowid=False,
)
