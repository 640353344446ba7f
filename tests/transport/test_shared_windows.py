"""Several processes on one window: together they never exceed it in any rolling span, and still use nine tenths."""

import json
import subprocess
import sys
import time
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor

from connector.storage.database import migrate, open_database
from connector.transport.throttle import Window
from tests.transport.callers import call

WINDOW = Window(100, 2.0)
LASTS_S = 4.8


def fullest(moments, seconds):
    return max(index - bisect_right(moments, at - seconds) + 1 for index, at in enumerate(moments))


def share_used(moments):
    """Of what the window allows, in the best one after the first, for other load on this machine may spoil some."""
    later = [at for at in moments if at >= moments[0] + WINDOW.seconds]
    return fullest(later, WINDOW.seconds) / WINDOW.calls


def test_three_processes_on_hosts_whose_clocks_differ_never_exceed_the_quota_and_use_nine_tenths(new_database_url):
    url = new_database_url("postgres")
    store = open_database(url)
    migrate(store)
    store.close()
    command = [sys.executable, "-m", "tests.transport.callers", url, "100", "2.0", str(LASTS_S)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, ahead_s], **pipes) for ahead_s in ("0", "-3600", "75")]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    start = time.monotonic()
    for process in processes:
        print(start, file=process.stdin, flush=True)
    told = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    moments = sorted(at for left in told for at in left)
    assert fullest(moments, WINDOW.seconds) <= WINDOW.calls
    assert share_used(moments) >= 0.9
    assert min(map(len, told)) >= 0.1 * len(moments)  # and nobody starves


def test_processes_on_one_sqlite_file_share_a_window_too(new_database_url):
    url = new_database_url("file")
    store = open_database(url)
    migrate(store)
    store.close()
    until = time.monotonic() + LASTS_S
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda _: call(url, WINDOW, until), range(3)))
    moments = sorted(at for left in told for at in left)
    assert fullest(moments, WINDOW.seconds) <= WINDOW.calls
    assert share_used(moments) >= 0.9
