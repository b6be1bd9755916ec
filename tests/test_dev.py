"""dev.py: what it decides, without installing anything."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def dev() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("lapicque_dev", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def test_help_names_every_command(dev):
    done = call("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in dev.COMMANDS:
        assert f"python3 dev.py {name} " in done.stdout


def test_no_command_shows_the_help_and_is_an_error(dev):
    done = call()
    assert done.returncode == 2
    assert "python3 dev.py lab" in done.stdout


def test_an_unknown_command_is_one_line():
    done = call("tset")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "dev.py: there is no command 'tset'; there are lab, test, check, build-web, core, "
        "simulators"
    ]


def test_an_unknown_option_of_check_is_one_line():
    done = call("check", "--pyton")
    assert done.returncode == 1
    assert done.stderr == "dev.py: check takes --python or --web (got --pyton)\n"


def test_an_old_python_is_told_what_is_needed_and_how_to_get_it(dev):
    message = dev.too_old((3, 9, 6), "/usr/bin/python3")
    assert "needs Python 3.11 or newer; this is 3.9.6 (/usr/bin/python3)" in message
    for cure in ("sudo apt install", "brew install python", "winget install", "python.org"):
        assert cure in message


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2), (4, 0, 0)])
def test_a_new_python_is_not_complained_about(dev, version):
    assert dev.too_old(version, "python3") is None


def test_a_newer_python_is_looked_for_newest_first(dev):
    assert dev.newer_pythons(windows=False) == [
        ["python3.14"],
        ["python3.13"],
        ["python3.12"],
        ["python3.11"],
        ["python3"],
        ["python"],
    ]
    assert dev.newer_pythons(windows=True)[:5] == [
        ["py", "-3.14"],
        ["py", "-3.13"],
        ["py", "-3.12"],
        ["py", "-3.11"],
        ["py", "-3"],
    ]


@pytest.mark.skipif(os.name == "nt", reason="makes shell scripts")
def test_a_shim_that_does_not_start_is_passed_over(dev, tmp_path, monkeypatch):
    def script(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    script("python3.14", "echo 'command not found' >&2; exit 127")
    script("python3.13", "echo 2 7")
    script("python3.12", "echo gibberish")
    good = script("python3.11", "echo 3 11")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dev.find_newer_python() == [good]
    Path(good).unlink()
    assert dev.find_newer_python() is None


def test_the_interpreter_of_an_environment_on_each_platform(dev):
    venv = Path("clone") / ".venv"
    assert dev.venv_python(venv, windows=False) == venv / "bin" / "python"
    assert dev.venv_python(venv, windows=True) == venv / "Scripts" / "python.exe"


@pytest.fixture
def clone(dev, tmp_path, monkeypatch) -> Path:
    """A clone with an environment that holds the `lab` set."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements-dev.lock").write_text("numpy==2.4.6\n")
    python = tmp_path / ".venv" / "python"
    python.parent.mkdir()
    python.write_text("")
    stamp = {"python": os.path.realpath(python), "lab": dev.fingerprint(tmp_path, "lab")}
    (tmp_path / ".venv" / "lapicque-stamp.json").write_text(dev.json.dumps(stamp))
    return tmp_path


def ready(dev, clone: Path, name: str) -> bool:
    venv = clone / ".venv"
    return dev.is_ready(dev.read_stamp(venv), clone, name, venv / "python")


def test_what_is_installed_is_not_installed_again(dev, clone):
    assert ready(dev, clone, "lab")
    assert not ready(dev, clone, "everything")
    assert not ready(dev, clone, "core")


def test_everything_holds_the_other_sets(dev, clone):
    python = clone / ".venv" / "python"
    stamp = {"python": os.path.realpath(python)}
    stamp["everything"] = dev.fingerprint(clone, "everything")
    (clone / "requirements-simulators.lock").write_text("brian2==2.9.0\n")
    held = {name for name in dev.SETS if dev.is_ready(stamp, clone, name, python)}
    assert held == {*dev.SETS} - {"simulators"}  # whose lock is another one


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements-dev.lock"])
def test_a_changed_file_installs_anew(dev, clone, file):
    with (clone / file).open("a") as stream:
        stream.write("# changed\n")
    assert not ready(dev, clone, "lab")


def test_a_tool_s_settings_install_nothing(dev, clone):
    (clone / "pyproject.toml").write_text("[project]\n\n[tool.ruff]\nline-length = 100\n")
    before = dev.fingerprint(clone, "lab")
    (clone / "pyproject.toml").write_text("[project]\n\n[tool.ruff]\nline-length = 99\n")
    assert dev.fingerprint(clone, "lab") == before


def test_line_endings_install_nothing(dev, clone):
    (clone / "pyproject.toml").write_bytes(b"[project]\r\n")
    assert ready(dev, clone, "lab")


def test_an_environment_without_its_interpreter_is_not_ready(dev, clone):
    (clone / ".venv" / "python").unlink()
    assert not ready(dev, clone, "lab")


@pytest.mark.skipif(os.name == "nt", reason="makes a symbolic link")
def test_an_environment_whose_interpreter_was_replaced_is_not_ready(dev, clone):
    python = clone / ".venv" / "python"
    python.rename(clone / "python3.12")
    python.symlink_to(clone / "python3.12")
    assert not ready(dev, clone, "lab")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"python": 3}', "\x00"])
def test_a_broken_stamp_is_no_stamp(dev, clone, text):
    (clone / ".venv" / "lapicque-stamp.json").write_text(text)
    assert not ready(dev, clone, "lab")


def test_another_python_does_not_leak_into_ours(dev, monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SOMETHING_ELSE", "y")
    environment = dev.clean_environment()
    assert environment["SOMETHING_ELSE"] == "y"
    assert not {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET"} & {*environment}


@pytest.mark.parametrize(
    ("output", "cure"),
    [
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "the Internet"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: something else", "its last words stand above"),
    ],
)
def test_a_failed_pip_gets_its_cure(dev, output, cure):
    assert cure in dev.pip_cure(output)


def test_a_missing_venv_module_gets_its_cure(dev, tmp_path, monkeypatch):
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(dev.DevError, match=r"sudo apt install python3\.\d+-venv"):
        dev.make_venv(tmp_path / ".venv")


@pytest.mark.parametrize("said", ["", "v16.20.2", "v9", "gibberish", "v18.20.4", "v24.1.0"])
def test_an_old_node_gets_its_cure(dev, said, monkeypatch):
    done = types.SimpleNamespace(stdout=said + "\n")
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(dev.subprocess, "run", lambda *args, **options: done)
    npm, cure = dev.find_npm()
    if said in ("v18.20.4", "v24.1.0"):
        assert (npm, cure) == ("/bin/npm", "")
    else:
        assert npm is None
        assert "install Node.js 18 or newer" in cure


def test_no_browser_is_none_and_a_named_one_comes_first(dev, monkeypatch):
    monkeypatch.setattr(dev.os.path, "exists", lambda path: False)
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    monkeypatch.delenv("LAPICQUE_CHROMIUM", raising=False)
    assert dev.find_chromium() is None
    monkeypatch.setenv("LAPICQUE_CHROMIUM", "mine")
    assert dev.find_chromium() == "mine"


def test_a_rebuilt_bundle_is_compared_file_by_file(dev, tmp_path):
    (tmp_path / "fonts").mkdir()
    (tmp_path / "index.html").write_text("one")
    before = dev.snapshot(tmp_path)
    assert before == {"index.html": b"one"}
    assert dev.differences(before, dev.snapshot(tmp_path)) == []
    (tmp_path / "fonts" / "a.woff2").write_text("new")
    (tmp_path / "index.html").write_text("two")
    assert dev.differences(before, dev.snapshot(tmp_path)) == ["fonts/a.woff2", "index.html"]
