"""One subscription: what is asked, what comes, and a watch on how long nothing came.

The bus sends what was asked for, 100 events at most, and then waits to be asked again, a minute at the longest; so we
ask as soon as everything is there and kept. A line may die without a word (Salesforce fact sheet 6.3): answers are
taken from gRPC by a thread of their own, and whoever waits for them looks at the watch now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import grpc

from connector.errors import Transient
from connector.ports import Clock
from connector.salesforce.pubsub import messages
from connector.salesforce.pubsub.faults import fault
from connector.salesforce.pubsub.line import Line

Stopping = Callable[[float], bool]  # waits so many seconds at most; whether it is time to stop
_LOOK_EVERY_S: Final = 0.2


class Silent(Transient):
    """Nothing was heard for too long: the line is dead, whatever it says of itself."""


class Stream:
    """A subscription to one topic, from behind `replay_id`, or from now on. Close it, or the line, when done."""

    def __init__(self, line: Line, topic: str, fetch: int, replay_id: bytes | None) -> None:
        self._fetch, self._topic = fetch, topic
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._heard: SimpleQueue[Any] = SimpleQueue()
        preset = messages.LATEST if replay_id is None else messages.CUSTOM
        self._ask(replay_preset=preset, replay_id=replay_id or b"")
        self._call = line.subscribe(self._requests())
        Thread(target=self._listen, name="pubsub-stream", daemon=True).start()

    def answers(self, clock: Clock, silence_s: float, stopping: Stopping) -> Iterator[Any]:
        """Answers until it is time to stop; the next events are asked for once an answer is dealt with.

        Raises:
            Silent: nothing came for `silence_s`; Transient: the bus has hung up; else as faults.py says.
        """
        since = clock.monotonic()
        while not stopping(0):
            try:
                heard = self._heard.get(timeout=_LOOK_EVERY_S)
            except Empty:
                if clock.monotonic() - since >= silence_s:
                    raise Silent(f"Salesforce's event bus was silent for {silence_s:g} s") from None
                continue
            if heard is None:
                raise Transient("Salesforce's event bus has ended the stream; it is opened again")
            if isinstance(heard, grpc.RpcError):
                raise fault(heard, clock.now())
            yield heard
            since = clock.monotonic()
            if heard.pending_num_requested == 0:
                self._ask()

    def close(self) -> None:
        """End the call, and the thread that listens to it."""
        self._call.cancel()
        self._asked.put(None)

    def _ask(self, **first: Any) -> None:
        self._asked.put(messages.FetchRequest(topic_name=self._topic, num_requested=self._fetch, **first))

    def _requests(self) -> Iterator[Any]:
        return iter(self._asked.get, None)

    def _listen(self) -> None:
        try:
            for answer in self._call:
                self._heard.put(answer)
            self._heard.put(None)
        except grpc.RpcError as error:
            self._heard.put(error)
