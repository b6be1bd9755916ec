"""The local lab's host, through real sockets: what it serves, what it refuses, what it survives.

The computing is a stand-in (`echo`), so that each test is about the carrier alone; one test at
the end carries requests to the real `answer`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

for package in ("starlette", "uvicorn", "websockets"):
    pytest.importorskip(package, reason=f"the lab's tests need {package}")

from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import lapicque as lq
from lapicque.cli import main
from lapicque.lab import server

PAGE = "<!doctype html><title>lab</title>"


def echo(request):
    """Answer as `answer` would, and misbehave on demand."""
    kind = request.get("kind")
    if kind == "describe":
        return {"id": request.get("id"), "ok": True, "presets": []}
    if kind == "run":
        time.sleep(request.get("sleep", 0.0))
        return {"id": request.get("id"), "ok": True, "count": request.get("count")}
    if kind == "crash":
        raise ZeroDivisionError("a bug of ours")
    if kind == "exit":
        sys.exit(3)
    if kind == "nan":
        return {"id": request.get("id"), "ok": True, "rate": float("nan")}
    if kind == "object":
        return {"id": request.get("id"), "ok": True, "thing": object()}
    if kind == "none":
        return None
    if kind == "forgetful":
        return {"ok": True}
    error = {"path": "kind", "rule": "must be describe or run", "value": kind, "message": "no"}
    return {"id": request.get("id"), "ok": False, "error": error}


@contextlib.contextmanager
def running(answer, static: Path) -> Iterator[int]:
    """Run a lab in a thread; give its port."""
    with server.listen() as listener:
        port = listener.getsockname()[1]
        host = server.make_server(answer, listener, static)
        thread = threading.Thread(target=host.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield port
        finally:
            host.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("lab")
    static = folder / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(PAGE)
    (static / "lab.js").write_text("export const one = 1;\n")
    (static / "assets" / "lab.css").write_text("body {}\n")
    (folder / "secret.txt").write_text("not for you\n")
    with running(echo, static) as port:
        yield port


def get(port: int, path: str = "/", method: str = "GET", **headers: str):
    """One request with exactly these headers beside Host; the reply and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        reply = connection.getresponse()
        return reply, reply.read()
    finally:
        connection.close()


def dial(port: int, host: str = "127.0.0.1", path: str = "/ws", **options) -> ClientConnection:
    options.setdefault("origin", f"http://127.0.0.1:{port}")
    options["sock"] = socket.create_connection(("127.0.0.1", port), timeout=10)
    return connect(f"ws://{host}:{port}{path}", compression=None, max_size=None, **options)


def ask(websocket: ClientConnection, request: object) -> dict:
    websocket.send(request if isinstance(request, (str, bytes)) else json.dumps(request))
    return json.loads(websocket.recv(timeout=10))


def raw(port: int, data: bytes, then: bytes = b"") -> bytes:
    """Send bytes (`then`: more, after a first reply), return all that comes back until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        received = b""
        if then:
            while not received.endswith(b"\r\n\r\n"):
                received += connection.recv(1)
            connection.sendall(then)
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


# The page -----------------------------------------------------------------------------------


def test_the_page_and_its_files_are_served_with_our_own_content_types(port):
    reply, body = get(port)
    assert (reply.status, body.decode()) == (200, PAGE)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    reply, body = get(port, "/lab.js")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert body == b"export const one = 1;\n"
    reply, _ = get(port, "/assets/lab.css?v=1")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize("path", ["/", "/lab.js", "/nowhere"])
def test_every_reply_carries_the_security_headers(port, path):
    headers = get(port, path)[0].headers
    policy = headers["content-security-policy"]
    for part in (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        f"connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ):
        assert part in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_head_is_answered_without_a_body_and_other_methods_are_refused(port):
    reply, body = get(port, method="HEAD")
    assert (reply.status, body) == (200, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert get(port, method=method)[0].status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/etc/passwd",
        "/./lab.js",
        "/lab.js/",
        "/lab.js%00.html",
        "/lab.js%00",
        "/%ff%fe",
        "/assets",
        "/server.py",
        "http://elsewhere.example/secret.txt",
    ],
)
def test_nothing_outside_the_folder_is_served(port, path):
    reply, body = get(port, path)
    assert reply.status in (400, 404)
    assert b"not for you" not in body
    assert b"root:" not in body


def test_a_page_that_is_not_built_yet_says_how_to_build_it(tmp_path):
    with running(echo, tmp_path / "static") as port:
        reply, body = get(port)
    assert reply.status == 404
    assert b"dev.py build-web" in body


# Who may ask --------------------------------------------------------------------------------

WRONG_HOSTS = ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1"]
WRONG_HOSTS += ["0.0.0.0:{port}", "127.0.0.1:{port}.evil.example", "", "[::1]", "[::1]:1"]
WRONG_HOSTS += ["localhost.evil.example:{port}", "127.0.0.2:{port}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_this_computer_is_answered_by_its_names(port, host):
    assert get(port, Host=f"{host}:{port}")[0].status == 200
    with dial(port, host) as websocket:
        assert ask(websocket, {"kind": "describe"})["ok"]


@pytest.mark.parametrize("host", WRONG_HOSTS)
def test_a_wrong_host_is_refused(port, host):
    reply, body = get(port, Host=host.format(port=port))
    assert reply.status == 400
    assert PAGE.encode() not in body


def handshake(port: int, *headers: str) -> bytes:
    lines = [
        "GET /ws HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize("host", WRONG_HOSTS)
def test_a_websocket_for_a_wrong_host_is_refused(port, host):
    host = host.format(port=port)
    reply = raw(port, handshake(port, f"Host: {host}", f"Origin: http://127.0.0.1:{port}"))
    assert reply.startswith(b"HTTP/1.1 400 ")


def test_two_hosts_or_none_are_refused(port):
    good, evil = f"Host: 127.0.0.1:{port}", "Host: evil.example"
    for hosts in ([good, evil], [evil, good], []):
        reply = raw(port, handshake(port, *hosts, f"Origin: http://127.0.0.1:{port}"))
        assert reply.startswith(b"HTTP/1.1 400 ")
    assert raw(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400 ")


WRONG_ORIGINS = [None, "null", "http://evil.example", "http://evil.example:{port}", ""]
WRONG_ORIGINS += ["https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:1", "file://"]
WRONG_ORIGINS += ["http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/"]
WRONG_ORIGINS += ["http://localhost.evil.example:{port}", "127.0.0.1:{port}"]


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_a_websocket_from_another_page_is_refused(port, origin):
    with pytest.raises(InvalidStatus) as caught:
        dial(port, origin=origin and origin.format(port=port))
    assert caught.value.response.status_code == 403
    assert caught.value.response.headers["x-content-type-options"] == "nosniff"


def test_two_origins_are_refused(port):
    good = f"Origin: http://127.0.0.1:{port}"
    reply = raw(port, handshake(port, f"Host: 127.0.0.1:{port}", good, "Origin: http://evil.test"))
    assert reply.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 "))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_websocket_from_our_own_page_is_accepted(port, host):
    with dial(port, origin=f"http://{host}:{port}") as websocket:
        assert ask(websocket, {"kind": "describe", "id": 1}) == {"id": 1, "ok": True, "presets": []}


def test_there_is_no_other_websocket(port):
    with pytest.raises(InvalidStatus) as caught:
        dial(port, path="/other")
    assert caught.value.response.status_code == 403


def test_only_the_loopback_address_listens(port):
    with server.listen() as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    if sys.platform != "linux":
        pytest.skip("only Linux gives every address of 127.0.0.0/8 to this computer")
    with pytest.raises(ConnectionRefusedError):  # 0.0.0.0 would have answered
        socket.create_connection(("127.0.0.2", port), timeout=2)


# Requests -----------------------------------------------------------------------------------


def test_requests_of_one_connection_are_answered_in_order(port):
    with dial(port) as websocket:
        for number in range(50):
            websocket.send(json.dumps({"kind": "describe", "id": number}))
        ids = [json.loads(websocket.recv(timeout=10))["id"] for _ in range(50)]
    assert ids == list(range(50))


def test_only_the_newest_waiting_run_is_computed(port):
    with dial(port) as websocket:
        websocket.send(json.dumps({"kind": "run", "id": "first", "sleep": 0.3}))
        time.sleep(0.1)  # it is being computed now
        websocket.send(json.dumps({"kind": "run", "id": "a"}))
        websocket.send(json.dumps({"kind": "describe", "id": "b"}))
        websocket.send("broken")
        websocket.send(json.dumps({"kind": "run", "id": "c"}))
        websocket.send(json.dumps({"kind": "run", "id": "last", "count": 7}))
        replies = [json.loads(websocket.recv(timeout=10)) for _ in range(6)]
    assert replies[0] == {"id": "first", "ok": True, "count": None}
    assert replies[1] == {"id": "a", "ok": False, "superseded": True}
    assert replies[2] == {"id": "b", "ok": True, "presets": []}
    assert replies[3]["error"]["rule"] == "a frame must be JSON"
    assert replies[4] == {"id": "c", "ok": False, "superseded": True}
    assert replies[5] == {"id": "last", "ok": True, "count": 7}


def test_a_flood_of_runs_is_answered_one_by_one_and_ends_with_the_newest(port):
    count = 3 * server.MAX_WAITING
    with dial(port) as websocket:
        for number in range(count):
            websocket.send(json.dumps({"kind": "run", "id": number, "sleep": 0.001}))
        replies = [json.loads(websocket.recv(timeout=20)) for _ in range(count)]
    assert [reply["id"] for reply in replies] == list(range(count))
    assert replies[-1]["ok"]
    assert sum(reply["ok"] for reply in replies) < count / 2


def test_one_client_does_not_supersede_another(port):
    def drag(name: str, replies: list) -> None:
        with dial(port) as websocket:
            for number in range(20):
                replies.append(ask(websocket, {"kind": "run", "id": f"{name}{number}"}))

    collected: dict[str, list] = {"a": [], "b": []}
    threads = [threading.Thread(target=drag, args=item) for item in collected.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for name, replies in collected.items():
        assert [reply["id"] for reply in replies] == [f"{name}{k}" for k in range(20)]
        assert all(reply["ok"] for reply in replies)


def test_the_page_is_served_while_a_run_is_computed(port):
    with dial(port) as websocket:
        websocket.send(json.dumps({"kind": "run", "id": 1, "sleep": 1.0}))
        time.sleep(0.1)
        start = time.perf_counter()
        assert get(port)[0].status == 200
        assert time.perf_counter() - start < 0.5
        assert json.loads(websocket.recv(timeout=10))["ok"]


def test_a_client_that_leaves_during_a_run_disturbs_nobody(port):
    with dial(port) as websocket:
        websocket.send(json.dumps({"kind": "run", "id": 1, "sleep": 0.3}))
        time.sleep(0.1)
        websocket.send(json.dumps({"kind": "run", "id": 2, "sleep": 5.0}))
    with dial(port) as websocket:
        websocket.send(json.dumps({"kind": "run", "id": 3, "sleep": 0.1}))
        websocket.socket.shutdown(socket.SHUT_RDWR)  # as when the browser dies
    with dial(port) as other:
        start = time.perf_counter()
        assert ask(other, {"kind": "run", "id": 4})["ok"]
        assert time.perf_counter() - start < 3.0  # the second run above was never computed


@pytest.mark.parametrize("kind", ["crash", "exit", "nan", "object", "none"])
def test_an_error_of_ours_is_an_honest_reply_and_the_lab_goes_on(port, kind, caplog):
    with dial(port) as websocket:
        reply = ask(websocket, {"kind": kind, "id": 5})
        assert (reply["id"], reply["ok"]) == (5, False)
        error = reply["error"]
        assert (error["path"], error["rule"], error["value"]) == (None, "internal", None)
        assert "an error in lapicque, not in your input" in error["message"]
        assert "Traceback" in error["report"]
        assert ask(websocket, {"kind": "run", "id": 6})["ok"]
    assert any(record.exc_info for record in caplog.records)  # the traceback is in the log
    if kind == "crash":
        assert "ZeroDivisionError: a bug of ours" in error["message"]


def test_a_reply_without_an_id_gets_the_one_of_its_request(port):
    with dial(port) as websocket:
        assert ask(websocket, {"kind": "forgetful", "id": "x"}) == {"id": "x", "ok": True}


# Bad frames ---------------------------------------------------------------------------------

BAD_FRAMES = {
    # frame: (the id that comes back, the rule)
    "": (None, "a frame must be JSON"),
    "   ": (None, "a frame must be JSON"),
    "hello": (None, "a frame must be JSON"),
    '{"id": 1, "kind": "run"': (None, "a frame must be JSON"),
    '{"id": 1} {"id": 2}': (None, "a frame must be JSON"),
    "{'id': 1}": (None, "a frame must be JSON"),
    '{"id": 1,}': (None, "a frame must be JSON"),
    '\ufeff{"id": 1}': (None, "a frame must be JSON"),
    '{"id": "\n"}': (None, "a frame must be JSON"),
    '{"id": 0x10}': (None, "a frame must be JSON"),
    '{"id": 01}': (None, "a frame must be JSON"),
    "[1, 2, 3]": (None, "a request must be a JSON object"),
    "null": (None, "a request must be a JSON object"),
    "17": (None, "a request must be a JSON object"),
    '"run"': (None, "a request must be a JSON object"),
    '{"id": 3, "x": NaN}': (3, "a number must be finite"),
    '{"id": 3, "x": -Infinity}': (3, "a number must be finite"),
    '{"id": "k", "x": [1e999]}': ("k", "a number must be finite"),
    '{"id": 3, "x": -1e400}': (3, "a number must be finite"),
    '{"id": NaN}': (None, "a number must be finite"),
    '{"id": 3, "x": ' + "9" * 5000 + "}": (3, "a number must be finite"),
    '{"id": 3, "x": -' + "9" * 301 + "}": (3, "a number must be finite"),
    '{"id": 1, "x": ' + "[" * 65 + "]" * 65 + "}": (None, "a frame must nest at most 64 deep"),
    "[" * 100_000: (None, "a frame must nest at most 64 deep"),
    "[" * 100_000 + "]" * 100_000: (None, "a frame must nest at most 64 deep"),
    '{"a":' * 50_000 + "1" + "}" * 50_000: (None, "a frame must nest at most 64 deep"),
}


def brief(frame: str | bytes) -> str:
    return repr(frame[:30])


@pytest.mark.parametrize("frame", BAD_FRAMES, ids=brief)
def test_a_bad_frame_is_answered_once_and_the_connection_goes_on(port, frame):
    expected_id, rule = BAD_FRAMES[frame]
    with dial(port) as websocket:
        reply = ask(websocket, frame)
        assert (reply["id"], reply["ok"]) == (expected_id, False)
        error = reply["error"]
        assert (error["path"], error["rule"]) == (None, rule)
        assert len(str(error["value"])) <= 80
        assert rule.split(" must")[0] in error["message"]
        assert ask(websocket, {"kind": "run", "id": 9}) == {"id": 9, "ok": True, "count": None}


def test_a_binary_frame_is_answered_once_and_the_connection_goes_on(port):
    with dial(port) as websocket:
        for frame in (b"", b"\x00\xff", b'{"kind": "run"}'):
            error = ask(websocket, frame)["error"]
            assert (error["rule"], error["value"]) == ("a frame must be text", len(frame))
        assert ask(websocket, {"kind": "run", "id": 9})["ok"]


@pytest.mark.parametrize("id", [True, [1], {"a": 1}, "x" * 201])
def test_an_id_that_is_no_id_comes_back_as_null(port, id):
    with dial(port) as websocket:
        assert ask(websocket, {"kind": "forgetful", "id": id})["id"] is None


def test_a_lone_surrogate_comes_back_as_it_came(port):
    with dial(port) as websocket:
        assert ask(websocket, r'{"kind": "describe", "id": "\ud800"}')["id"] == "\ud800"


def test_a_nesting_of_64_is_fine(port):
    with dial(port) as websocket:
        frame = '{"kind": "run", "id": 1, "x": ' + "[" * 63 + "]" * 63 + "}"
        assert ask(websocket, frame)["ok"]


def test_a_frame_of_4_mib_is_read_and_a_longer_one_ends_only_its_connection(port):
    with dial(port) as websocket:
        frame = json.dumps({"kind": "run", "id": 1, "x": ""})
        frame = frame[:-2] + "a" * (server.MAX_FRAME - len(frame)) + frame[-2:]
        assert len(frame) == server.MAX_FRAME
        assert ask(websocket, frame)["ok"]
    with dial(port) as websocket, pytest.raises((ConnectionClosedError, OSError)) as caught:
        ask(websocket, json.dumps({"kind": "run", "x": "a" * 5 * 1024 * 1024}))
    if isinstance(caught.value, ConnectionClosedError) and caught.value.rcvd:
        assert caught.value.rcvd.code == 1009
    with dial(port) as websocket:
        assert ask(websocket, {"kind": "run", "id": 2})["ok"]


def masked(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    assert len(payload) < 126
    head = bytes([opcode | (0x80 if fin else 0), 0x80 | len(payload)])
    return head + b"\0\0\0\0" + payload


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(1, b'{"id": "\xff\xfe"}'), 1007),  # invalid UTF-8
        (masked(1, b"\xed\xa0\x80"), 1007),  # a surrogate in UTF-8
        (masked(3, b"{}"), 1002),  # a reserved opcode
        (masked(0, b"{}"), 1002),  # a continuation of nothing
        (b"\xf1\x82\0\0\0\0{}", 1002),  # reserved bits
        (b"\x81\x02{}", 1002),  # a client must mask
        (b"\x81\xff\x7f" + b"\xff" * 7 + b"\0\0\0\0", 1009),  # announces 2^63 bytes
        (masked(9, b"ping", fin=False), 1002),  # a control frame in parts
    ],
)
def test_a_broken_protocol_ends_only_its_connection(port, data, code, capfd):
    headers = (f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}")
    reply = raw(port, handshake(port, *headers), data)
    assert reply.startswith(b"HTTP/1.1 101 ")
    frames = reply.partition(b"\r\n\r\n")[2]
    assert frames[0] == 0x88  # a close frame, with its code
    assert int.from_bytes(frames[2:4], "big") == code
    with dial(port) as websocket:
        assert ask(websocket, {"kind": "run", "id": 2})["ok"]
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, as a browser's https:// sends
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 30_000 + b"\r\n",
    ],
    ids=brief,
)
def test_broken_http_ends_only_its_connection(port, data):
    reply = raw(port, data)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 4")
    assert get(port)[0].status == 200


@pytest.fixture(scope="module")
def patient(port) -> Iterator[ClientConnection]:
    """One connection for all examples: no frame may harm the next one."""
    with dial(port) as websocket:
        yield websocket


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=40) | st.binary(max_size=40), max_size=5))
def test_whatever_comes_every_frame_gets_one_reply(patient, frames):
    for frame in frames:
        reply = ask(patient, frame if isinstance(frame, bytes) else clean(frame))
        assert reply["ok"] is False
        assert isinstance(reply["error"]["message"], str)
    assert ask(patient, {"kind": "describe", "id": "good"})["ok"]


def clean(text: str) -> str:
    """Text that UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_decode_takes_exactly_the_finite_objects(value):
    """`decode` inverts `json.dumps`, or names a rule; the truth is the standard library."""
    text = json.dumps(value)
    try:
        finite = json.dumps(value, allow_nan=False) == text
    except ValueError:
        finite = False
    if finite and isinstance(value, dict):
        assert server.decode(text) == value
    else:
        with pytest.raises(server.FrameError):
            server.decode(text)


@given(st.text() | JSON.map(json.dumps))
def test_decode_raises_nothing_but_a_frame_error(text):
    with contextlib.suppress(server.FrameError):
        assert isinstance(server.decode(text), dict)


# Starting and stopping ----------------------------------------------------------------------


def test_a_busy_port_is_one_clear_error():
    with server.listen() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(server.LabError, match=rf"^'port' must be a free port \(got {port}: "):
            server.serve(port, open_browser=False, answer=echo)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_port_that_is_none_is_one_clear_error(port):
    with pytest.raises(server.LabError, match=r"^'port' must be between 1 and 65535 \(got "):
        server.serve(port, open_browser=False, answer=echo)


def test_without_a_port_a_free_one_is_taken():
    with server.listen() as first, server.listen(0) as second, server.listen(None) as third:
        ports = {listener.getsockname()[1] for listener in (first, second, third)}
    assert len(ports) == 3


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "websockets"])
def test_a_missing_package_is_one_clear_error(package, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # its import fails now
    with pytest.raises(server.LabError) as caught:
        server.serve(open_browser=False, answer=echo)
    assert str(caught.value) == (
        "the lab needs starlette, uvicorn and websockets: pip install 'lapicque[lab]'"
    )


@pytest.mark.parametrize("opens", [True, False])
def test_the_browser_is_opened_at_the_address(opens, monkeypatch):
    said, seen = [], []
    monkeypatch.setenv("BROWSER", "some")
    monkeypatch.setattr(server.webbrowser, "open", lambda address: seen.append(address) or opens)
    server.open_page("http://127.0.0.1:1/", said.append)
    assert seen == ["http://127.0.0.1:1/"]
    assert said == ([] if opens else ["No browser could be opened: open the address by hand."])


def test_no_text_browser_takes_the_terminal(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(server.sys, "platform", "linux")
    monkeypatch.setattr(server.webbrowser, "open", lambda address: pytest.fail("opened"))
    said: list[str] = []
    server.open_page("http://127.0.0.1:1/", said.append)
    assert said == ["No browser could be opened: open the address by hand."]


SERVE = "from lapicque.lab.server import serve; serve({port}, False, answer={answer})"
LONG = "lambda request: __import__('time').sleep(60) or {}"


@pytest.mark.skipif(
    sys.platform == "win32", reason="a console's Ctrl+C cannot be sent to one child"
)
@pytest.mark.parametrize("busy", [False, True])
def test_ctrl_c_stops_it_at_once_without_a_traceback(busy):
    """Also with an open page, and while a long run is computed."""
    command = [sys.executable, "-c", SERVE.format(port=0, answer=LONG)]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("lapicque lab: http://127.0.0.1:")
            assert line.endswith("/  (Ctrl+C stops it)\n")
            port = int(line.split("/  ")[0].rpartition(":")[2])
            with dial(port) as websocket:
                if busy:
                    websocket.send('{"kind": "run"}')
                    time.sleep(0.2)
                start = time.perf_counter()
                os.kill(process.pid, signal.SIGINT)
                out, err = process.communicate(timeout=20)
            assert time.perf_counter() - start < 5
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(
    sys.platform == "win32", reason="a console's Ctrl+C cannot be sent to one child"
)
def test_the_lab_opens_an_experiment_file():
    """`lapicque lab FILE` names an address whose link is the file's experiment."""
    path = Path(__file__).parent.parent / "examples" / "1_constant_current.toml"
    command = [sys.executable, "-m", "lapicque", "lab", str(path), "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        try:
            line = process.stdout.readline()
            os.kill(process.pid, signal.SIGINT)
            process.communicate(timeout=20)
        finally:
            process.kill()
    address = line.removeprefix("lapicque lab: ").split("  ")[0]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#1\.[\w-]+", address)
    assert lq.load(address) == lq.load(path)


@pytest.mark.parametrize("given", ["nowhere.toml", "#1.abc", "#9.abc"])
def test_a_file_that_cannot_be_opened_starts_no_lab(given, capsys):
    """One line, exit 2."""
    assert main(["lab", given, "--no-browser"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_real_answer_is_carried():
    """What it says to good and bad requests is its own tests' matter."""
    answer = pytest.importorskip("lapicque.lab.answer").answer
    with running(answer, server.STATIC) as port, dial(port) as websocket:
        description = ask(websocket, {"kind": "describe", "id": "d"})
        assert (description["id"], description["ok"]) == ("d", True)
        assert ask(websocket, {"kind": "run", "id": "bad"})["ok"] is False
        assert ask(websocket, {"id": "bad"})["ok"] is False
        assert ask(websocket, {"kind": [], "id": "bad"})["ok"] is False


@pytest.mark.parametrize("view", ["traces", "error", "convergence", "f-I", "strength-duration"])
def test_every_view_is_carried_packed(view):
    """The socket carries the packed lists of every view to the last digit: as asked without it."""
    answer = pytest.importorskip("lapicque.lab.answer").answer
    method = {"name": "RK2", "dt": 0.5, "locate": "linear"}
    experiment = {
        "duration": 100.0,
        "neuron": {"model": "LIF", "R_m": 10.0, "C_m": 1.0},
        "current": [{"kind": "step", "amplitude": 2.5, "stop": 60.0}],
        **({"method": method} if view == "error" else {}),
    }
    request = {"id": view, "kind": "run", "view": view, "experiments": [experiment]}
    request |= {"method": method, "packed": True, "width": 300}
    with running(answer, server.STATIC) as port, dial(port) as websocket:
        carried = ask(websocket, request)
    direct = answer(request)
    assert carried["ok"]
    assert '"f8"' in json.dumps(carried)
    assert {**carried, "elapsed_ms": 0} == {**direct, "elapsed_ms": 0}
