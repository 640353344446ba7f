"""What must survive a crash: SQLAlchemy Core, one module per table, one function per statement; no SQL elsewhere."""
