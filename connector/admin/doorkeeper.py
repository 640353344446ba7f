"""Who is asking, said before every request of the pages; nobody may come in whom nobody knows."""

from __future__ import annotations

from flask import Flask, g

from connector.admin.desk import Desk


def doorkeeper(app: Flask, _desk: Desk) -> None:
    """Say before every request who is asking."""

    @app.before_request
    def ask() -> None:
        g.visitor = None
