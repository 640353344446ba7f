"""How people name records and moments on the command line: as everywhere (`engine.naming`)."""

from __future__ import annotations

from connector.engine.naming import moment as moment  # noqa: PLC0414  # the pages name them alike
from connector.engine.naming import resolve as resolve  # noqa: PLC0414  # likewise
