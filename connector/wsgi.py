"""For other WSGI servers than ours: `waitress-serve connector.wsgi:application` and the like.

The configuration is the file that SMARKETING_CONFIG names, or config.yaml here. `smarketing web` does the same under
gunicorn and is what is tested; whoever brings a server of their own sets it to one process, answers requests of a few
megabytes, and hands on the address as it came. The store must be up to date (`smarketing migrate`).
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from connector.clock import SystemClock, SystemDice
from connector.config.load import load
from connector.service import logs
from connector.service.scrubbing import secrets_of
from connector.service.web import opened

_path = Path(os.environ.get("SMARKETING_CONFIG", "config.yaml"))
logs.configure("web", SystemClock(), secrets_of(load(_path, os.environ).settings))
_running = ExitStack()
application: Callable[..., Any] = _running.enter_context(opened(_path, os.environ, (SystemClock(), SystemDice())))
atexit.register(_running.close)
