"""Why something was not delivered, and whether it may have left all the same.

What surely never left: a name that has no address, a connection refused or not made in time, a certificate not
trusted. What was surely refused: an answer that says no. After anything else (an answer that never came, a connection
that broke) nobody knows. Apprise tells its callers only that it failed; what it met is told to its logger, and read
there. Words not known here count as "nobody knows", so that nothing is ever sent twice by a wrong guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connector.delivery import Delivery, Undelivered, Unheard

_ANSWERED = re.compile(r"\berror=(\d{3})\b|\(([45]\d\d), b")  # HTTP; SMTP, as its library words a refusal
_MET = ("Socket Exception", "Connection error")  # how Apprise begins when a call ended without an answer
_NEVER_LEFT = {
    "NameResolutionError": "its name has no address",
    "Failed to resolve": "its name has no address",
    "Name or service not known": "its name has no address",
    "nodename nor servname": "its name has no address",
    "Connection refused": "the connection was refused",
    "ConnectTimeoutError": "no connection was made in time",
    "ConnectTimeout": "no connection was made in time",
    "Network is unreachable": "no network leads there",
    "No route to host": "no network leads there",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
}
_PASSING = "it is tried again a few times; if it lasts, look whether the address is right and reachable from here"
_LASTING = "look at the address and its token, which config.yaml names"
_TOO_MANY, _TIMEOUT, _SERVER = 429, 408, 500


def never_left(told: str) -> Undelivered | None:
    """What a fault says that came before anything was sent; None for any other."""
    why = next((why for words, why in _NEVER_LEFT.items() if words in told), None)
    return None if why is None else Undelivered(why, _PASSING)


def answered(status: int) -> Undelivered:
    """What an answer means that is no success."""
    passing = status >= _SERVER or status in (_TOO_MANY, _TIMEOUT)
    return Undelivered(f"refused with {status}", _PASSING if passing else _LASTING)


def of_apprise(sent: int, told: Sequence[str]) -> Delivery:
    """What Apprise met when a channel failed, from how many of its parts were sent and what was told of the others."""
    if sent:
        return Unheard("some of the channel's recipients were reached, others were not")
    met = [line for line in told if _MET[0] in line] or [line for line in told if _MET[1] in line]
    refused = [match for match in map(_ANSWERED.search, told) if match]
    before = [never_left(line) for line in met]
    if all(before) and before:
        return next(fault for fault in before if fault)
    open_ends = [line for line in met if never_left(line) is None and not _ANSWERED.search(line)]
    if refused and not open_ends:
        return answered(int(refused[0][1] or refused[0][2]))
    return Unheard("no answer came that says whether it was taken")
