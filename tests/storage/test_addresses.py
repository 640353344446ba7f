"""Lines to the database that are cut are noticed soon, unless the URL says otherwise."""

from collections.abc import Callable

from sqlalchemy import make_url

from connector.storage.addresses import PATIENCE, watchful
from connector.storage.database import open_database


def test_a_cut_line_is_known_after_fifteen_seconds() -> None:
    query = watchful(make_url("postgresql://db.example/bridge")).query
    assert query == PATIENCE
    asked = int(query["keepalives_idle"]) + int(query["keepalives_interval"]) * int(query["keepalives_count"])
    assert max(asked, int(query["tcp_user_timeout"]) / 1000, int(query["connect_timeout"])) <= 15


def test_what_the_url_says_stands() -> None:
    query = watchful(make_url("postgresql://db.example/bridge?connect_timeout=3&sslmode=require")).query
    assert query == {**PATIENCE, "connect_timeout": "3", "sslmode": "require"}


def test_a_store_is_opened_so(new_database_url: Callable[[str], str]) -> None:
    database = open_database(new_database_url("postgres"))
    try:
        with database.read() as conn:
            told = conn.connection.driver_connection.info.get_parameters()
        assert {name: told[name] for name in PATIENCE} == PATIENCE
    finally:
        database.close()
