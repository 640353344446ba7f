"""Webhooks out: signed, recognisable, to the address that was checked and to no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from connector.delivery import Delivered, Undelivered, Unheard
from connector.notify import notifier, signature, verified
from connector.notify.outgoing import Outgoing
from connector.notify.posting import Letter

KEY = "hubspot:contacts:1 first-touch:1:breach"
BODY = b'{"key":"1"}'


@pytest.fixture
def outgoing(server: Any, clock: Any, hook: Any) -> Outgoing:
    channels = {"sales": hook(f"json://127.0.0.1:{server.port}/room")}
    return notifier(channels, {"ops": hook(f"http://127.0.0.1:{server.port}/in?token=t")}, clock)


def test_a_webhook_is_signed_and_carries_its_key(outgoing: Outgoing, server: Any, clock: Any) -> None:
    assert outgoing.call("ops", KEY, {"key": KEY, "state": "breached"}) == Delivered()
    (heard,) = server.heard
    assert (heard.path, heard.headers["Content-Type"]) == ("/in?token=t", "application/json")
    assert heard.headers["Idempotency-Key"] == KEY
    assert orjson.loads(heard.body) == {"key": KEY, "state": "breached"}
    assert verified("a secret", heard.body, heard.headers["Smarketing-Signature"], clock.now())


def test_a_key_in_other_letters_fits_a_header(outgoing: Outgoing, server: Any) -> None:
    assert outgoing.call("ops", "Erstkontakt für Süd\r\nX: 1 spät", {}) == Delivered()
    assert server.heard[0].headers["Idempotency-Key"] == "Erstkontakt f%C3%BCr S%C3%BCd%0D%0AX: 1 sp%C3%A4t"


def test_redirects_are_not_followed(outgoing: Outgoing, server: Any) -> None:
    server.status = 307
    told = outgoing.call("ops", KEY, {})
    assert isinstance(told, Undelivered)
    assert told.lasting
    assert [one.path for one in server.heard] == ["/in?token=t"]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_answer_that_says_no_is_a_clear_failure(outgoing: Outgoing, server: Any, status: int) -> None:
    server.status = status
    told = outgoing.call("ops", KEY, {})
    assert isinstance(told, Undelivered)
    assert (told.reason, told.lasting) == (f"refused with {status}", False)


def test_nobody_knows_what_became_of_one_without_an_answer(outgoing: Outgoing, server: Any) -> None:
    server.status = 0
    assert isinstance(outgoing.call("ops", KEY, {}), Unheard)
    server.slow = True
    assert isinstance(outgoing.call("ops", KEY, {}), Unheard)


def test_a_connection_that_is_refused_is_a_clear_failure(closed_port: int, clock: Any, hook: Any) -> None:
    told = notifier({}, {"ops": hook(f"http://127.0.0.1:{closed_port}/in?token=t")}, clock).call("ops", KEY, {})
    assert isinstance(told, Undelivered)
    assert told.reason == "the connection was refused"


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError("NameResolutionError: Failed to resolve 'nowhere.invalid'"),
        requests.ConnectTimeout("ConnectTimeoutError(...)"),
        requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_what_fails_before_anything_is_sent_is_a_clear_failure(
    outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(requests, "post", lambda *_, **__: (_ for _ in ()).throw(fault))
    assert isinstance(outgoing.call("ops", KEY, {}), Undelivered)


def test_no_sign_in_of_this_machine_goes_along(
    outgoing: Outgoing, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    outgoing.call("ops", KEY, {})
    assert "Authorization" not in server.heard[0].headers


def test_a_name_that_config_yaml_does_not_know_says_where_to_write_it(outgoing: Outgoing) -> None:
    for told, key in (
        (outgoing.notify("ops", "a", "b"), "notifications"),
        (outgoing.call("sales", KEY, {}), "webhooks_out"),
    ):
        assert isinstance(told, Undelivered)
        assert told.lasting
        assert key in told.hint


def test_notices_and_webhooks_have_names_of_their_own(outgoing: Outgoing, server: Any) -> None:
    assert outgoing.notify("sales", "Ann waits", "since nine") == Delivered()
    assert [one.path for one in server.heard] == ["/room"]


def test_a_letter_shows_no_secret() -> None:
    letter = Letter("https://host.test/in?token=t", "a secret", "1", {"name": "Ann"})
    assert repr(letter) == "Letter(key='1')"


def test_a_signature_holds_for_its_body_its_secret_and_its_time(clock: Any) -> None:
    now = clock.now()
    header = signature("a secret", BODY, now)
    assert verified("a secret", BODY, header, now)
    assert verified("a secret", BODY, header, now + timedelta(minutes=4))
    assert not verified("a secret", BODY + b" ", header, now)
    assert not verified("another", BODY, header, now)
    assert not verified("a secret", BODY, header, now + timedelta(minutes=6))
    assert not verified("a secret", BODY, header, now - timedelta(minutes=6))
    assert not verified("a secret", BODY, header.replace("t=17", "t=18"), now)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=ab", "t=,v1=", "t=x,v1=y", "t=²,v1=y", "t=1,v1=ü", "nonsense", "=,="]
)
def test_a_header_that_is_none_is_refused(header: str, clock: Any) -> None:
    assert not verified("a secret", BODY, header, clock.now())
