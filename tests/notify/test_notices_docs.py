"""What operations.md promises of notices is what the code does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.core.backoff import Backoff, delay
from connector.engine import unsent
from connector.engine.effects import NOTICES_MAX
from connector.notify import signature
from connector.notify.signatures import HEADER, TOLERANCE
from connector.storage.effects import LEASE, State

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
NOTICES = PAGE.partition("\n## Notices\n")[2].partition("\n## ")[0]
BODY = b'{"key": "1", "subject": "\xc3\x84hm"}'


@pytest.fixture(scope="module")
def comes_from_the_bridge() -> Callable[..., bool]:
    """The snippet that receivers copy."""
    (snippet,) = re.findall(r"```python\n(.*?)```", NOTICES, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(snippet, scope)  # our own page
    return scope["comes_from_the_bridge"]


def test_the_snippet_takes_what_we_sign_and_nothing_else(comes_from_the_bridge: Any, clock: Any) -> None:
    now, second = clock.now(), clock.now().timestamp()
    header = signature("a secret", BODY, now)
    assert comes_from_the_bridge("a secret", BODY, header, second)
    assert comes_from_the_bridge("a secret", BODY, header, second + TOLERANCE.total_seconds())
    assert not comes_from_the_bridge("a secret", BODY, header, second + TOLERANCE.total_seconds() + 1)
    assert not comes_from_the_bridge("a secret", BODY, header), "it is long ago"
    assert not comes_from_the_bridge("another", BODY, header, second)
    assert not comes_from_the_bridge("a secret", BODY[1:], header, second)
    for odd in ("", "t=1", "v1=ab", header.replace("t=", "t=1"), "nonsense"):
        assert not comes_from_the_bridge("a secret", BODY, odd, second)


def test_every_state_is_explained() -> None:
    assert re.findall(r"^\| (\w+) \|", NOTICES, re.MULTILINE)[1:] == [state.value for state in State]


def test_the_numbers_are_those_of_the_code() -> None:
    assert (20, timedelta(minutes=5), 8) == (NOTICES_MAX, LEASE, unsent.TRIES)
    assert "at most 20 messages in ten minutes" in NOTICES
    assert "19 go out singly" in NOTICES
    assert "after five minutes: `unknown`" in NOTICES
    assert "eight times over about two hours" in NOTICES
    longest = Backoff(first=timedelta(minutes=1))
    pauses = [delay(failures, longest, 1.0) for failures in range(unsent.TRIES - 1)]
    assert timedelta(hours=1) < sum(pauses, timedelta()) <= timedelta(hours=2, minutes=15)


def test_the_header_is_called_as_the_page_says() -> None:
    assert f"{HEADER}: t=" in NOTICES
