"""How a PostgreSQL server is called: so that a line which is cut is noticed within seconds, not after minutes.

Without these a worker behind a broken line would wait for an answer for as long as TCP hopes; libpq is told to ask
again soon, and to give up soon. What the URL itself says stands. A Unix socket, which cannot be cut, ignores them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import URL

PATIENCE: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # milliseconds
}


def watchful(url: URL) -> URL:
    """The URL with what makes a cut line known, as far as it does not say otherwise."""
    return url.update_query_dict({name: value for name, value in PATIENCE.items() if name not in url.query})
