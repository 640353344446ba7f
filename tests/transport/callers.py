"""Callers of a shared window: some threads of one process, who call as often as they may and tell when they did.

Run as a program it is one process of several; the system's monotonic watch is the same for all of them.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from connector.clock import SystemClock
from connector.sides import SharedWindows
from connector.storage.database import open_database
from connector.transport.throttle import Throttle, Window


class SkewedClock(SystemClock):
    """A host whose clock and watch stand elsewhere than others'."""

    def __init__(self, ahead_s=0.0):
        self.ahead_s = ahead_s

    def now(self):
        return super().now().fromtimestamp(time.time() + self.ahead_s, super().now().tzinfo)

    def monotonic(self):
        return super().monotonic() + self.ahead_s


def call(url, window, until, threads=4, ahead_s=0.0):
    """The moments at which calls left, by the system's watch."""
    database, clock = open_database(url), SkewedClock(ahead_s)
    throttle = Throttle(clock, [window], SharedWindows(database, clock, "test"))

    def caller(_):
        left = []
        while time.monotonic() < until:
            throttle.acquire()
            left.append(time.monotonic())
            time.sleep(0.02)
        return left

    with ThreadPoolExecutor(threads) as pool:
        moments = [at for left in pool.map(caller, range(threads)) for at in left]
    database.close()
    return moments


if __name__ == "__main__":
    url, calls, seconds, lasts_s, ahead_s = sys.argv[1:]
    print("ready", flush=True)
    start = float(sys.stdin.readline())  # one moment for all, once all are ready
    window, until = Window(int(calls), float(seconds)), start + float(lasts_s)
    print(json.dumps(call(url, window, until, ahead_s=float(ahead_s))))
