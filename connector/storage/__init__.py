"""The bridge's own memory: one schema on SQLite and PostgreSQL, SQLAlchemy Core, no ORM.

One module per table, one function per statement, every function takes the connection first; whoever opens the
transaction (`Database.begin`, `Database.read`) decides what belongs together. Records are keyed by the text form of
their ref, moments are integer microseconds since 1970 UTC, and JSON is bytes, because all three are on the hot path.
No SQL stands anywhere else.
"""
