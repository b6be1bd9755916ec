"""The static page as files: what is written, what the archive holds, who serves it, what is not."""

import base64
import gzip
import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from array import array
from pathlib import Path

import pytest

from lapicque.cli import main
from lapicque.interop import scripts
from lapicque.lab import site
from lapicque.lab.answer import answer
from lapicque.lab.server import DEFAULT_PORT
from lapicque.lab.site_server import make_site_server

ROOT = Path(__file__).parent.parent
NPM = ROOT / "web" / "node_modules" / "pyodide"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A site that loads Pyodide from its public address."""
    folder = tmp_path_factory.mktemp("site") / "made" / "here"
    site.build(folder)
    return folder


@pytest.fixture
def core(tmp_path):
    """A stand-in for Pyodide's npm package: the right version, files of a few bytes."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"version": site.PYODIDE}))
    for name in site.CORE:
        (folder / name).write_text(f"this is {name}")
    return folder


def names_in(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def kept_by(folder):
    """What the service worker keeps: the JSON in the JSON string of its source."""
    text = (folder / "sw.js").read_text()
    return json.loads(json.loads(re.search(r'JSON\.parse\(("(?:[^"\\]|\\.)*")\)', text).group(1)))


# What is written -----------------------------------------------------------------------------


def test_every_file_that_the_page_names_is_there(built):
    """The page, its parts, the archive; nothing is left to fill in, no address begins at the root
    of the host."""
    page = (built / "index.html").read_text()
    assert "@" not in page.replace("pyodide@", "")
    named = set(re.findall(r'(?:href|src|data-sources)="([^"]+)"', page))
    assert named <= names_in(built)
    assert not any(name.startswith("/") for name in named)
    assert names_in(built) - named == {"index.html", "start.json", "sw.js", "worker.js"} - named


def test_the_service_worker_keeps_all_of_it(built):
    """Every file but itself, and Pyodide's core from where the page loads it."""
    kept = kept_by(built)
    own = names_in(built) - {"index.html", "sw.js"}
    assert set(kept["files"]) == own | {"./"} | {site.CDN + name for name in site.CORE}
    assert re.fullmatch("[0-9a-f]{16}", kept["version"])


def test_an_offline_site_needs_no_other_host(tmp_path, core):
    """Pyodide lies beside the page; no file of ours names another host."""
    site.build(tmp_path / "site", core)
    kept = kept_by(tmp_path / "site")
    assert {f"pyodide/{name}" for name in site.CORE} <= set(kept["files"])
    assert set(kept["files"]) - {"./"} == names_in(tmp_path / "site") - {"index.html", "sw.js"}
    for name in ("index.html", "start.json", "worker.js", "site.js", "sw.js"):
        assert "cdn." not in (tmp_path / "site" / name).read_text()
    for name in site.CORE:
        assert (tmp_path / "site" / "pyodide" / name).read_text() == f"this is {name}"


def test_the_same_sources_make_the_same_site(built, tmp_path):
    """Byte for byte; another version of Pyodide's files gives the cache another name."""
    site.build(tmp_path)
    for name in names_in(built):
        assert (built / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_change_of_one_file_renames_the_cache(tmp_path, core):
    """Else a returning visitor would keep the old one."""
    site.build(tmp_path / "a", core)
    (core / "pyodide.mjs").write_text("another")
    site.build(tmp_path / "b", core)
    assert kept_by(tmp_path / "a")["version"] != kept_by(tmp_path / "b")["version"]


def test_the_policy_evaluates_nothing_but_webassembly(built):
    """One policy in the page: no inline script, no eval, no other host than Pyodide's."""
    page = (built / "index.html").read_text()
    policy = re.search('Content-Security-Policy" content="([^"]+)"', page).group(1)
    assert "unsafe-inline" not in policy
    assert policy.count("unsafe-eval") == policy.count("wasm-unsafe-eval") == 1
    assert set(re.findall(r"https?://[^ ;]+", policy)) == {site.CDN}
    assert "default-src &#x27;none&#x27;" in policy
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert "https:" not in site.policy("")


def floats(text):
    """A packed list of floats."""
    return array("f", base64.b64decode(text)).tolist()


def test_the_documents_state_the_policy():
    """docs/site.md shows it, with PYODIDE for the address."""
    stated = (ROOT / "docs" / "site.md").read_text().replace("\n", " ")
    assert site.policy("PYODIDE") in stated


def test_what_is_known_at_the_start_is_what_python_answers(built):
    """The description and each experiment's first picture, its lines to a pixel of 8,000."""
    known = json.loads((built / "start.json").read_text())
    assert [entry["request"]["kind"] for entry in known].count("describe") == 1
    presets = known[0]["reply"]["describe"]["presets"]
    assert len(known) == 1 + sum("group" not in preset for preset in presets) == 7
    for entry in known:
        reply = json.loads(json.dumps(answer(entry["request"])))
        reply.pop("elapsed_ms", None)
        reply.get("describe", {}).pop("parameters", None)  # no page reads them
        for one, other in zip(
            reply.get("results", []), entry["reply"].get("results", []), strict=True
        ):
            for name in ("t", "V", "I_t", "I"):
                assert other[name]["add"] == one[name]["add"]
                exact, sharp = (floats(line.pop(name)["f4"]) for line in (one, other))
                assert len(sharp) == len(exact)
                most = max(map(abs, exact), default=0.0)
                assert all(abs(a - b) <= most / 8000 for a, b in zip(exact, sharp, strict=True))
        assert entry["reply"] == reply


def test_our_part_of_the_transfer_is_small(built):
    """All that a first visit loads beside Pyodide: at most 200 kB, packed as web servers do."""
    beside = ("icon.png", "lapicque.webmanifest", "sw.js")
    sizes = {
        name: len(gzip.compress((built / name).read_bytes(), 6))
        for name in names_in(built)
        if name not in beside
    }
    assert sum(sizes.values()) <= 200_000, sizes


# The archive ---------------------------------------------------------------------------------


def unpacked(built, folder):
    with zipfile.ZipFile(built / "lapicque.zip") as outer:
        inner = io.BytesIO(outer.read("sources.zip"))
    with zipfile.ZipFile(inner) as archive:
        archive.extractall(folder)
    return folder


REPLAY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from lapicque.lab.page import reply
for line in sys.stdin:
    print(reply(line))
packages = {name.partition(".")[0] for name in sys.modules}
assert not packages & {"numpy", "starlette", "anywidget", "matplotlib", "tomli_w"}, packages
"""


def test_the_archive_answers_like_the_package(built, tmp_path):
    """In a Python without any package: every preset, links, scripts and files of it, the same
    replies; bad text is a reply too."""
    known = [entry["request"] for entry in json.loads((built / "start.json").read_text())]
    for experiments in [each["experiments"] for each in known if "experiments" in each]:
        request = {"experiments": experiments, "names": ["é,=1"] * len(experiments)}
        known.append({**request, "kind": "link"})
        known.append({"kind": "open", "link": answer(known[-1])["link"]})
        known += [{**request, "kind": "copy", "format": name} for name in scripts()]
        known += [{**request, "kind": "save", "format": name} for name in ("csv", "svg")]
    lines = [json.dumps({"id": k, **request}) for k, request in enumerate(known)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", REPLAY, str(unpacked(built, tmp_path))],
        input="\n".join([*lines, "{", "[1e999]", '{"id": "x"}']) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    *good, broken, infinite, kindless = replies
    for k, (request, reply) in enumerate(zip(known, good, strict=True)):
        ours = json.loads(json.dumps(answer({"id": k, **request})))
        assert ours["ok"] or request["kind"] == "copy"  # not every script can be written
        for each in (ours, reply):
            each.pop("elapsed_ms", None)
            # A page has an address of its own.
            each.get("describe", {})["address"] = None
        assert reply == ours
    assert [r["ok"] for r in (broken, infinite, kindless)] == [False] * 3
    assert "must be JSON" in broken["error"]["message"]
    assert kindless["id"] == "x"


def test_the_archive_has_no_more_than_a_page_needs(built, tmp_path):
    """No server, no widget, no comment; the licence of what is sent is our own."""
    folder = unpacked(built, tmp_path)
    names = names_in(folder / "lapicque")
    assert {
        "lab/page.py",
        "lab/answer.py",
        "kernels/train.py",
        "lab/presets/1_constant_current.toml",
    } <= (names)
    assert not names & {"lab/server.py", "lab/site.py", "lab/widget.py", "cli.py", "plot.py"}
    for path in folder.rglob("*.py"):
        assert not re.search("^ *#", path.read_text(), re.M), path


# What is refused -----------------------------------------------------------------------------


def test_a_wrong_core_is_refused(tmp_path, core):
    """Another version, a missing file, no folder: one line that names the cure; nothing written."""
    for spoil, words in (
        (lambda: (core / "package.json").write_text('{"version": "0.1"}'), "got '0.1'"),
        (lambda: (core / "package.json").write_text("[]"), "unpacked"),
        (lambda: (core / "package.json").write_text("{"), "unpacked"),
        (lambda: (core / "pyodide.mjs").unlink(), "unpacked"),
    ):
        spoil()
        with pytest.raises(site.SiteError, match="pyodide@") as caught:
            site.build(tmp_path / "site", core)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(site.SiteError, match="unpacked"):
        site.build(tmp_path / "site", tmp_path / "nowhere")
    assert not (tmp_path / "site").exists()


def test_a_folder_that_cannot_be_is_one_line(tmp_path, capsys):
    """A file stands in its place."""
    (tmp_path / "taken").write_text("mine")
    assert main(["site", str(tmp_path / "taken")]) == 2
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert error.count("\n") == 1
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("arguments", [[""], ["DIR", "--pyodide", ""]])
def test_a_folder_without_a_name_is_not_the_present_one(arguments, tmp_path, monkeypatch, capsys):
    """As of a variable that is not set."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(["site", *arguments])
    assert caught.value.code == 2
    assert "must be the name of a folder" in capsys.readouterr().err
    assert names_in(tmp_path) == set()


def test_a_name_that_no_folder_can_have_is_one_line(tmp_path, capsys):
    """It holds a null character."""
    assert main(["site", f"{tmp_path}/a\0b"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_other_files_stay(tmp_path, capsys):
    """A site is written among them."""
    (tmp_path / "CNAME").write_text("lab.example.org")
    assert main(["site", str(tmp_path)]) == 0
    assert (tmp_path / "CNAME").read_text() == "lab.example.org"
    assert (tmp_path / "index.html").exists()
    assert re.search(r"wrote \d+ files", capsys.readouterr().err)


class FromNowhere(io.BytesIO):
    """What a registry might send."""


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"not a package", "checksum"),
        (b"", "checksum"),
        (urllib.error.URLError("no route to host"), "no route to host"),
        (TimeoutError("timed out"), "timed out"),
        (http.client.IncompleteRead(b"half"), "IncompleteRead"),
    ],
)
def test_a_download_that_fails_is_said(monkeypatch, tmp_path, sent, words):
    """Nothing is unpacked that is not the pinned package; the message names the other way."""

    def urlopen(address, timeout):
        assert address.startswith("https://registry.npmjs.org/")
        if isinstance(sent, Exception):
            raise sent
        return FromNowhere(sent)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(site.SiteError, match=words):
        site.fetch_pyodide(tmp_path)
    assert names_in(tmp_path) == set()


@pytest.mark.skipif(not NPM.is_dir(), reason="npm ci has not been run in web/")
def test_the_pinned_core_is_that_of_npm():
    """One version in site.py, web/package.json and its lock; sizes and checksum are npm's."""
    package = json.loads((ROOT / "web" / "package.json").read_text())
    assert package["devDependencies"]["pyodide"] == site.PYODIDE
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/pyodide"]["integrity"] == (
        f"sha512-{site.TARBALL_SHA512}"
    )
    assert {name: (NPM / name).stat().st_size for name in site.CORE} == site.CORE
    info = json.loads((NPM / "pyodide-lock.json").read_text())["info"]
    worker = (ROOT / "web" / "src" / "worker.js").read_text()
    for key, value in info.items():
        assert f'{key}: "{value}"' in worker


# The server ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(built):
    (built.parent / "secret.txt").write_text("not for you")
    if os.name != "nt":
        (built / "link.txt").symlink_to(built.parent / "secret.txt")
    with make_site_server(built, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.port
        server.shutdown()
    (built / "link.txt").unlink(missing_ok=True)


def ask(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.putrequest(method, path, skip_host="Host" in named, skip_accept_encoding=True)
    for key, value in named.items():
        connection.putheader(key, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), body


def test_every_file_is_served_as_what_it_is(built, port):
    """With its type, packed where the browser takes that, and a tag that saves a second time."""
    kinds = {"/": "text/html", "/lab.js": "text/javascript", "/lapicque.zip": "application/zip"}
    kinds["/lapicque.webmanifest"] = "application/manifest+json"
    for path, kind in kinds.items():
        status, headers, body = ask(port, path)
        assert (status, headers["Content-Type"].split(";")[0]) == (200, kind)
        assert body == (built / (path[1:] or "index.html")).read_bytes()
        assert ask(port, path, If_None_Match=headers["ETag"])[0::2] == (304, b"")
    status, headers, body = ask(port, "/lab.js?x=1", Accept_Encoding="gzip, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == (built / "lab.js").read_bytes()
    assert ask(port, "/lab.js", "HEAD")[2] == b""


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2f../secret.txt",
        "/link.txt",
        "/nothing",
        "//etc/passwd",
        "/lab.js/",
        "/lab.js/x",
        "/%00",
    ],
)
def test_nothing_else_is_served(port, path):
    """No way out of the folder."""
    status, _, body = ask(port, path)
    assert status == 404
    assert b"not for you" not in body


def test_an_address_that_is_none_is_answered(port):
    """One that Python's own parser does not take."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET http://[/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", ""])
def test_a_foreign_host_is_refused(port, host):
    """A page elsewhere that points its name here gets nothing."""
    assert ask(port, "/", Host=host)[0] == 400


def test_it_listens_on_loopback_only(built):
    """And a second one finds a port of its own. None takes the lab's by itself: the page's service
    worker would go on to answer for the lab there."""
    with make_site_server(built) as one, make_site_server(built) as other:
        assert one.socket.getsockname()[0] == other.socket.getsockname()[0] == "127.0.0.1"
        assert len({one.port, other.port, DEFAULT_PORT}) == 3
