"""Logs tell what happened to which record, and never who the person is or what opens a door."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import structlog
from gunicorn.config import Config

from connector.config.secrets import Secret
from connector.config.settings import Settings
from connector.core.refs import hubspot, salesforce
from connector.errors import Transient
from connector.service.logs import bound, configure
from connector.service.scrubbing import WORDS_MAX, filled, numbers_only, secrets_of
from connector.service.web_logs import WebLogs

AT = datetime(2026, 11, 2, 8, 15, 30, 123456, tzinfo=UTC)
TOUCHED = ("", "connector", "webhooks", "smarketing", "__main__", "gunicorn", "procrastinate")
PERSON = {"name": "Ada Lovelace", "email": "ada.lovelace@analytical.example", "phone": "+44 20 7946 0991"}
TOKEN = "pat-eu1-5a3e-recognisable"  # the shape of HubSpot's


class Stopped:
    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream = io.StringIO()
    yield from restored(stream, lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()])


@pytest.fixture
def screen() -> Iterator[Callable[[], str]]:
    stream = Terminal()
    yield from restored(stream, stream.getvalue)


def restored(stream: io.StringIO, told: Any) -> Iterator[Any]:
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in TOUCHED}
    configure("worker", Stopped(), [TOKEN, "a-long-client-secret", "x"], stream=stream)
    try:
        yield told
    finally:
        root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def failing(error: Exception) -> None:
    raise error


def log() -> Any:
    return structlog.get_logger("connector.engine.folding")


def test_a_line_says_when_what_and_where_and_which_records(lines: Lines):
    log().info("folded", requests=10, side="hubspot", refs=[hubspot("contacts", "77"), "salesforce:Lead:00Q1"])
    assert lines() == [
        {
            "at": "2026-11-02T08:15:30.123456+00:00",
            "level": "info",
            "service": "worker",
            "event": "folded",
            "logger": "connector.engine.folding",
            "side": "hubspot",
            "refs": ["hubspot:contacts:77", "salesforce:Lead:00Q1"],
            "requests": 10,
        }
    ]


def test_the_first_keys_stand_in_one_order(lines: Lines):
    with bound(request_id="r-1", run=7):
        log().info("x", side="hubspot", number=1)
    assert list(lines()[0]) == ["at", "level", "service", "event", "logger", "request_id", "run", "side", "number"]


def test_what_is_bound_stands_in_every_line_within_whoever_speaks(lines: Lines):
    with bound(request_id="r-1"):
        log().info("ours")
        logging.getLogger("procrastinate.worker").info("theirs")
    log().info("after")
    assert [line.get("request_id") for line in lines()] == ["r-1", "r-1", None]


def test_the_standard_way_to_log_gives_the_same_line(lines: Lines):
    logging.getLogger("connector.engine.folding").info("folded", extra={"requests": 10, "duty": "fold"})
    line = lines()[0]
    assert (line["event"], line["requests"], line["duty"]) == ("folded", 10, "fold")


def test_words_under_a_key_nobody_vouches_for_are_withheld(lines: Lines):
    log().info("written", firstname=PERSON["name"], value=["Ada"], body={"a": "b"}, number=3)
    line = lines()[0]
    assert (line["firstname"], line["value"], line["body"], line["number"]) == (*["<withheld>"] * 3, 3)


def test_what_is_no_ref_is_not_told_as_one(lines: Lines):
    log().info("looked", refs=["hubspot:contacts:77", PERSON["email"], f"hubspot:contacts:{PERSON['name']}"])
    assert lines()[0]["refs"] == ["hubspot:contacts:77", "<withheld>", "<withheld>"]


def test_many_refs_are_counted(lines: Lines):
    log().info("looked", refs=[salesforce("Lead", f"00Q{number:015}") for number in range(25)])
    assert len(lines()[0]["refs"]) == 21
    assert lines()[0]["refs"][-1] == "and 5 more"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("wrote to ada@analytical.example twice", "wrote to <e-mail> twice"),
        ("email='ada+x@analytical.example'", "email='<e-mail>'"),
        ("call +44 20 7946 0991 now", "call <number> now"),
        ("GET https://api.example/crm?email=ada", "GET https://<address>"),
        ("postgresql+psycopg://u:p4ss@host/db is down", "postgresql+psycopg://<address> is down"),
        ("POST /webhooks/salesforce/outbound/abc123def", "POST /webhooks/salesforce/outbound/<secret>"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer <token>"),
        ("sent 00D5f000000abcd!AQcAQH.xyz", "sent <token>"),
        ("refresh_token=abc&x=1", "refresh_token=<secret>&x=1"),
        ("'client_secret': 'abc'", "'client_secret': '<secret>'"),
        (f"with {TOKEN}", "with <secret>"),
        ("a-long-client-secretive", "<secret>ive"),
        ("two\nlines", "two lines"),
    ],
    ids=lambda text: text[:30],
)
def test_addresses_tokens_and_secrets_are_taken_out(lines: Lines, said: str, told: str):
    log().warning("trouble", reason=said)
    assert lines()[0]["reason"] == told


def test_a_secret_too_short_to_be_one_does_not_riddle_every_line(lines: Lines):
    log().info("example", reason="x marks the spot")
    assert lines()[0]["reason"] == "x marks the spot"


def test_a_long_text_is_cut(lines: Lines):
    log().info("long", reason="word " * 1000)
    assert len(lines()[0]["reason"]) == WORDS_MAX + 3


def test_an_error_of_ours_says_what_it_says_and_where(lines: Lines):
    try:
        failing(Transient("HubSpot does not answer"))
    except Transient:
        log().exception("poll failed", side="hubspot")
    line = lines()[0]
    assert (line["error"], line["said"]) == ("Transient", "HubSpot does not answer")
    assert line["where"][-1].endswith("failing")


@pytest.mark.parametrize("given", [True, "error", "tuple"], ids=str)
def test_the_words_of_any_other_error_are_kept_back(lines: Lines, given: Any):
    try:
        try:
            failing(KeyError(PERSON["email"]))
        except KeyError as cause:
            raise ValueError(f"{PERSON['name']} is no number") from cause
    except ValueError as error:
        told = {"error": error, "tuple": (type(error), error, error.__traceback__)}.get(given, given)
        log().error("failed", exc_info=told)
    line = lines()[0]
    assert (line["error"], line["because"]) == ("ValueError", "KeyError")
    assert "said" not in line


def test_what_the_system_says_of_an_error_is_told_without_its_path(lines: Lines):
    try:
        open("/tmp/ada/nowhere").close()  # noqa: PTH123  # the error is what is wanted
    except OSError:
        log().exception("cannot read")
    assert lines()[0]["said"] == "No such file or directory"


@pytest.mark.parametrize(
    "name", ["urllib3.connectionpool", "hubspot.crm.contacts.rest", "simple_salesforce.api", "new"]
)
def test_strangers_are_heard_from_warnings_on_and_without_what_they_fill_in(lines: Lines, name: str):
    stranger = logging.getLogger(name)
    stranger.debug("response body: %s", PERSON)
    stranger.info("person %s", PERSON["name"])
    stranger.warning("person %s failed %d times (%.1f s)", PERSON["name"], 3, 1.25)
    stranger.warning("%(person)s failed %(times)d times", {"person": PERSON["name"], "times": 3})
    assert [line["event"] for line in lines()] == [
        "person ... failed 3 times (1.2 s)",
        "... failed 3 times",
    ]


def test_a_message_whose_values_do_not_fit_it_is_told_without_any():
    assert filled("id %d of %(who)s, %s", (PERSON["name"], 4), numbers_only) == "id ... of ..., ..."


def test_a_stranger_that_was_told_to_chatter_is_still_not_heard(lines: Lines):
    chatty = logging.getLogger("hubspot.crm.deals.rest")
    chatty.setLevel(logging.DEBUG)
    try:
        chatty.info("response body: Ada")
    finally:
        chatty.setLevel(logging.NOTSET)
    assert lines() == []


def test_what_a_stranger_hangs_on_a_line_is_not_told(lines: Lines):
    logging.getLogger("procrastinate.worker").info(
        "Job %s ended", "fold[1]()", extra={"job": PERSON, "action": "ended"}
    )
    line = lines()[0]
    assert line["event"] == "Job fold[1]() ended"
    assert "job" not in line


def test_gunicorn_speaks_through_the_same_pipe_and_logs_no_requests(lines: Lines):
    config = Config()
    config.set("accesslog", "-")
    theirs = WebLogs(config)
    theirs.info("Listening at: %s (%s)", "http://127.0.0.1:8080", 12)
    theirs.access(None, None, {"RAW_URI": "/webhooks/salesforce/outbound/abc"}, None)
    assert [(line["logger"], line["event"]) for line in lines()] == [
        ("gunicorn.error", "Listening at: http://<address> (12)")
    ]


def test_a_person_at_a_terminal_reads_words(screen: Callable[[], str]):
    log().info("folded", requests=10)
    told = re.sub(r"\x1b\[[0-9;]*m", "", screen())
    assert "[info" in told
    assert "folded" in told
    assert "requests=10" in told


def test_lines_below_the_level_are_not_told(lines: Lines):
    log().debug("chatter")
    assert lines() == []


def test_every_secret_of_the_settings_is_known_wherever_it_stands():
    settings = Settings.model_construct(
        hubspot=Settings.model_fields["hubspot"].annotation.model_construct(access_token=Secret("one", "env:A")),
        notifications={
            "sales": Settings.model_fields["bridge"].annotation.model_construct(name=Secret("two", "env:B"))
        },
        mappings=[Secret("three", "env:C")],
    )
    assert secrets_of(settings) == {"one", "two", "three"}
