"""Serving the web application: gunicorn, one process, threads; started and stopped with whatever runs beside it.

A guardian process holds the port and starts one worker process anew should it die; the worker opens the store, starts
its companions (a loop that works, a listener) and answers. On SIGTERM it stops accepting, answers what is under way
(30 s at most), then stops companions in reverse order, and closes the store last. Nothing is opened before the fork.
What proxies say about a request is believed by the application alone, which knows whom to believe.
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Final

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from connector.config.service import Web
from connector.service.web_logs import WebLogs

GRACE_S: Final = 30
HUNG_S: Final = 120  # a worker that shows no sign of life for so long is killed and started anew
KEPT_ALIVE_S: Final = 15
SLOW_CLIENT_S: Final = 10  # how long the rest of a request may fail to come
SWITCH_S: Final = 0.001  # a loop that computes lets go of the interpreter so often, or answers would wait 5 ms a step

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]
Opening = Callable[[], AbstractContextManager[WsgiApplication]]
Companion = Callable[[], AbstractContextManager[Any]]
_log = structlog.stdlib.get_logger(__name__)


def serve(
    opening: Opening, web: Web, *, companions: Sequence[Companion] = (), listening: Callable[[str], None] | None = None
) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        opening: opens the application in the worker process, and closes it when its block ends.
        web: where to listen and with how many threads.
        companions: entered after the application, left before it; all in the worker process.
        listening: told the addresses once the port is open, before anything is answered.

    Returns:
        0 after an orderly stop; else what gunicorn says (1: the port is taken; 3: the worker could not start).
    """
    try:
        Arbiter(_Service(opening, web, companions, listening or _quietly)).run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


class _Service(BaseApplication):  # type: ignore[misc]  # gunicorn ships no type information
    """What gunicorn is told; `load` is called in the worker process."""

    def __init__(
        self, opening: Opening, web: Web, companions: Sequence[Companion], listening: Callable[[str], None]
    ) -> None:
        self._opening, self._web, self._companions, self._listening = opening, web, companions, listening
        self._running = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        """Our settings, and none of the environment's."""
        for name, value in self._settings().items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _settings(self) -> dict[str, Any]:
        host = f"[{self._web.host}]" if ":" in self._web.host else self._web.host
        return {
            "bind": f"{host}:{self._web.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._web.threads,
            "timeout": HUNG_S,
            "graceful_timeout": GRACE_S,
            "keepalive": KEPT_ALIVE_S,
            "forwarded_allow_ips": "",
            "control_socket_disable": True,
            "accesslog": None,
            "logger_class": WebLogs,
            "proc_name": "smarketing",
            "when_ready": self._tell,
            "post_fork": _limit_waiting,
            "worker_exit": self._stop,
        }

    def load(self) -> WsgiApplication:
        """Open the application and start its companions, in the worker process."""
        sys.setswitchinterval(SWITCH_S)
        with ExitStack() as opened:
            application = opened.enter_context(self._opening())
            for companion in self._companions:
                opened.enter_context(companion())
            self._running = opened.pop_all()
        return application

    def _tell(self, arbiter: Any) -> None:
        self._listening(", ".join(str(listener) for listener in arbiter.LISTENERS))

    def _stop(self, _arbiter: Any, _worker: Any) -> None:
        """Once nothing is under way any more. A second Ctrl-C does not cut this short; a SIGKILL does no harm."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        self._running.close()
        _log.info("stopped")


def _limit_waiting(_arbiter: Any, worker: Any) -> None:
    """Give up on clients that stop sending in the middle of a request; connections inherit it from their listener."""
    for listener in worker.sockets:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SLOW_CLIENT_S, 0))


def _quietly(_addresses: str) -> None:
    """Nobody asked to be told."""
