"""What Apprise says of a failure: a clear one may be sent again, anything else never is."""

from __future__ import annotations

import pytest

from connector.delivery import Undelivered, Unheard
from connector.notify.faults import answered, never_left, of_apprise

BROKE = "Socket Exception: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))"
REFUSED = "Socket Exception: HTTPConnectionPool(...): (Caused by NewConnectionError('[Errno 111] Connection refused'))"
WARNED = "A Connection error occurred sending JSON notification to host."
NO_NAME = "Socket Exception: NameResolutionError(...)"
SMTP_SAID_NO = ["Failed to send Email", "Socket Exception: (535, b'bad credentials')"]
SAID_NO = "Failed to send JSON POST notification: Unauthorized, error=401."


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param([WARNED, REFUSED], "the connection was refused", id="a refused connection"),
        pytest.param([WARNED, NO_NAME], "its name has no address", id="a wrong name"),
        pytest.param([SAID_NO], "refused with 401", id="an answer"),
        pytest.param(SMTP_SAID_NO, "refused with 535", id="SMTP"),
        pytest.param(
            [WARNED, REFUSED, WARNED, REFUSED], "the connection was refused", id="every part of a long message alike"
        ),
    ],
)
def test_a_clear_failure_says_why(told: list[str], reason: str) -> None:
    fault = of_apprise(0, told)
    assert isinstance(fault, Undelivered)
    assert fault.reason == reason


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        pytest.param(0, [WARNED, BROKE], id="a connection that broke"),
        pytest.param(0, [WARNED], id="a fault without words"),
        pytest.param(0, [], id="nothing at all"),
        pytest.param(0, [SAID_NO, WARNED, BROKE], id="one part refused, one of unknown fate"),
        pytest.param(0, [WARNED, REFUSED, WARNED, BROKE], id="one part never left, one of unknown fate"),
        pytest.param(1, [SAID_NO], id="one recipient reached, another not"),
    ],
)
def test_whatever_may_have_arrived_is_never_called_a_clear_failure(sent: int, told: list[str]) -> None:
    assert isinstance(of_apprise(sent, told), Unheard)


def test_a_fault_in_the_middle_of_a_call_is_none_that_came_before_it() -> None:
    assert never_left("ReadTimeout(ReadTimeoutError('Read timed out.'))") is None
    assert never_left(BROKE) is None


def test_the_hint_tells_a_fault_that_passes_from_one_to_mend() -> None:
    assert "tried again" in answered(503).hint
    assert "token" in answered(403).hint
