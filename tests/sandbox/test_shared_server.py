"""The sandbox server over real sockets: what a client library will meet on the wire."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
import urllib3

from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.server import Server

MOMENT = datetime(2026, 11, 2, 8, 15, 30, 500_000, tzinfo=UTC)


def echo(request: Request) -> Response:
    headers = {"Content-Type": "text/plain", "X-Path": request.path, "X-Query": request.query_string}
    match request.path:
        case "/reset":
            return Response(200, b"gone", wire=Wire.RESET)
        case "/truncated":
            return Response(200, b"x" * 1000, wire=Wire.TRUNCATED)
        case "/trickle":
            return Response(200, b"drip", wire=Wire.TRICKLE)
        case "/slow":
            return Response(200, b"late", delay_s=0.3)
        case "/hang":
            return Response(200, delay_s=600, wire=Wire.RESET)
        case "/nothing":
            return Response(204)
        case "/bug":
            raise RuntimeError("a bug in the sandbox")
        case "/large":
            return Response(200, b'{"a":1}' * 1000)
    return Response(201, request.body or request.headers.get("x-twice", "empty").encode(), headers)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(echo, lambda: MOMENT) as server:
        yield server


@pytest.fixture
def http(server: Server) -> Iterator[urllib3.HTTPConnectionPool]:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=4, timeout=2, retries=False)
    yield pool
    pool.close()


def raw(server: Server, sent: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=2)) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_a_connection_is_kept_alive_over_many_calls(http: urllib3.HTTPConnectionPool) -> None:
    bodies = [http.request("POST", f"/echo?n={n}", body=str(n)).data for n in range(50)]
    assert bodies == [str(n).encode() for n in range(50)]
    assert http.num_connections == 1


def test_the_path_stays_encoded_and_the_query_stands_apart(http: urllib3.HTTPConnectionPool) -> None:
    answer = http.request("GET", "/crm/a%40b.example?x=1&y=%20")
    assert (answer.headers["X-Path"], answer.headers["X-Query"]) == ("/crm/a%40b.example", "x=1&y=%20")


def test_the_date_header_tells_the_time_of_the_sandbox(http: urllib3.HTTPConnectionPool) -> None:
    assert http.request("GET", "/").headers["Date"] == "Mon, 02 Nov 2026 08:15:30 GMT"


def test_large_answers_are_compressed_for_those_who_accept_it_and_only_for_them(
    http: urllib3.HTTPConnectionPool,
) -> None:
    packed = http.request("GET", "/large", headers={"Accept-Encoding": "gzip"}, decode_content=False)
    plain = http.request("GET", "/large", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 200
    assert gzip.decompress(packed.data) == plain.data == b'{"a":1}' * 1000
    assert "Content-Encoding" not in plain.headers


def test_small_answers_are_never_compressed(http: urllib3.HTTPConnectionPool) -> None:
    assert "Content-Encoding" not in http.request("GET", "/", headers={"Accept-Encoding": "gzip"}).headers


def test_a_chunked_body_arrives_whole(http: urllib3.HTTPConnectionPool) -> None:
    answer = http.request("POST", "/", body=iter([b"one ", b"two ", b"three"]), chunked=True)
    assert answer.data == b"one two three"
    assert http.request("POST", "/", body=b"next").data == b"next"


def test_an_answer_without_content_has_no_body_and_no_length(http: urllib3.HTTPConnectionPool) -> None:
    answer = http.request("DELETE", "/nothing")
    assert (answer.status, answer.data) == (204, b"")
    assert "Content-Length" not in answer.headers
    assert http.request("GET", "/").data == b"empty"


def test_a_head_request_is_told_the_length_and_given_nothing(http: urllib3.HTTPConnectionPool) -> None:
    answer = http.request("HEAD", "/large", headers={"Accept-Encoding": "identity"})
    assert (answer.headers["Content-Length"], answer.data) == ("7000", b"")


def test_a_repeated_header_is_joined(server: Server) -> None:
    answer = raw(server, b"GET / HTTP/1.1\r\nX-Twice: a\r\nX-Twice: b\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\na, b")


def test_http_1_0_without_keep_alive_is_closed_after_the_answer(server: Server) -> None:
    assert b"Connection: close" in raw(server, b"GET / HTTP/1.0\r\n\r\n")


def test_two_requests_in_one_packet_get_two_answers(server: Server) -> None:
    one, last = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\none", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert raw(server, one + last).count(b"HTTP/1.1 201 Created") == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"NONSENSE\r\n\r\n", 400, id="a request line that is none"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, id="a header without a colon"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, id="a negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413, id="a body beyond 200 MB"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 501, id="an unknown transfer encoding"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="a broken chunk"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000, 431, id="an endless head"),
    ],
)
def test_a_malformed_request_is_refused_by_status_and_the_connection_ends(
    server: Server, sent: bytes, status: int
) -> None:
    assert raw(server, sent).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_caller_who_asks_before_sending_a_large_body_is_told_to_go_on(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=2)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert connection.recv(1000).endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("target", ["http://sandbox.example/a/b", "/a/b"])
def test_a_target_in_absolute_form_is_the_same_path(server: Server, target: str) -> None:
    assert b"X-Path: /a/b\r\n" in raw(server, f"GET {target} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf", id="before its length"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf", id="within its chunks"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhalf", id="past its chunk"),
    ],
)
def test_a_body_that_does_not_end_as_announced_is_refused(server: Server, sent: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=2)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_reset_leaves_the_caller_without_an_answer(http: urllib3.HTTPConnectionPool) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        http.request("GET", "/reset")
    assert http.request("GET", "/").data == b"empty"


def test_a_truncated_answer_is_half_the_promised_body(http: urllib3.HTTPConnectionPool) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError, match="500 bytes read, 500 more expected"):
        http.request("GET", "/truncated")


def test_a_trickled_answer_comes_byte_by_byte(server: Server, http: urllib3.HTTPConnectionPool) -> None:
    server.trickle_gap_s = 0.001
    started = time.monotonic()
    assert http.request("GET", "/trickle").data == b"drip"
    assert time.monotonic() - started > 0.05  # head and body are some 70 bytes


def test_a_delay_holds_up_nobody_else(http: urllib3.HTTPConnectionPool) -> None:
    started = time.monotonic()
    callers = [threading.Thread(target=http.request, args=("GET", "/slow")) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert 0.3 <= time.monotonic() - started < 0.9


def test_a_caller_who_hangs_up_frees_the_thread_that_kept_it_hanging(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port))) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\n\r\n")
        time.sleep(0.1)
        assert len(server._open) == 1
    deadline = time.monotonic() + 3
    while server._open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server._open == set()


def test_stopping_cuts_off_callers_kept_hanging() -> None:
    server = Server(echo, lambda: MOMENT).start()
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=3)) as connection:
        connection.sendall(b"GET /hang HTTP/1.1\r\n\r\n")
        time.sleep(0.1)
        server.stop()
        assert connection.recv(10) == b""


def test_a_bug_in_the_sandbox_is_shown_and_not_mistaken_for_a_fault(
    http: urllib3.HTTPConnectionPool, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = http.request("GET", "/bug")
    assert answer.status == 500
    assert b"its own bug" in answer.data
    assert "RuntimeError: a bug in the sandbox" in capsys.readouterr().err


def test_small_calls_are_fast_enough_for_a_benchmark(server: Server) -> None:
    """1,500 a second is the promise; one caller on one connection already goes beyond it."""
    asked = b"POST /x HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=2)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        spent = []
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(300):
                connection.sendall(asked)
                assert connection.recv(65536).endswith(b"{}")
            spent.append(time.perf_counter() - started)
    assert 300 / min(spent) > 1500
