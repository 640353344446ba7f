"""Notices to people: chat rooms, mailboxes and whatever else Apprise knows how to reach.

Apprise is loaded with the first notice (it takes a third of a second) and says only whether everything went well; what
went wrong is heard from its logger, in the thread that sends. That logger knows URLs and messages, so it speaks to
nobody else. One notice is one attempt: repeating is the engine's.
"""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from typing import Any, Self

from connector.delivery import Delivered, Delivery, Undelivered, Unheard
from connector.notify.faults import of_apprise

_LOGGER = "apprise"


def quiet() -> None:
    """Let nobody read in a log what a message says and where it goes, however much is logged."""
    apprise, addresses = logging.getLogger(_LOGGER), logging.getLogger("urllib3")
    apprise.propagate = False
    apprise.setLevel(logging.DEBUG)  # it is heard here, and nowhere else
    addresses.setLevel(logging.INFO)  # below, it writes the path of every call


class Channel:
    """One channel: an Apprise URL, opened when it is first needed."""

    def __init__(self, url: str) -> None:
        quiet()
        self._url = url
        self._turn = threading.Lock()  # Apprise keeps a service's pace by waiting, which two threads would spoil

    def send(self, subject: str, body: str) -> Delivery:
        """Send one notice."""
        with self._turn:
            service = self._service
            if service is None:
                hint = "write the channel's URL as Apprise wants it: https://appriseit.com/services/"
                return Undelivered("Apprise cannot make a channel of its URL", hint, lasting=True)
            with _Heard() as heard:
                try:
                    taken = service.notify(title=subject, body=body)
                except Exception as error:  # noqa: BLE001  # a plugin's own fault; it may have sent before it
                    return Unheard(f"Apprise ended with {type(error).__name__}")
        return Delivered() if taken else of_apprise(heard.sent, heard.told)

    @cached_property
    def _service(self) -> Any:
        import apprise  # noqa: PLC0415  # a third of a second, which commands that send nothing need not wait

        asset = apprise.AppriseAsset(storage_mode="memory", async_mode=False)
        with _Heard():
            return apprise.Apprise.instantiate(self._url, asset=asset)


class _Heard(logging.Handler):
    """What Apprise says in this thread while it is at work."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent = 0
        self.told: list[str] = []
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        logging.getLogger(_LOGGER).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(_LOGGER).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            said = record.getMessage()
            self.sent += record.levelno == logging.INFO and said.startswith("Sent ")
            self.told.append(said)
