#!/usr/bin/env python3
"""Everything one does in a clone of lapicque, with nothing but Python.

    python3 dev.py lab [OPTIONS]     start the lab in the browser (options: see `dev.py lab --help`)
    python3 dev.py test [OPTIONS]    run all tests (options go to pytest)
    python3 dev.py check             formatting, lint, types, front end (--python, --web: one half)
    python3 dev.py build-web         build the front end into src/lapicque/lab/static
    python3 dev.py core [OPTIONS]    run the tests that need no extra, in an environment of its own
    python3 dev.py simulators [OPTIONS]  run the tests that need Brian2 and NEST, likewise

The first start makes .venv beside this file and installs what requirements-dev.lock pins; later
starts find that done. Nothing outside this folder is changed; to start afresh, delete .venv.
"""

# Standard library only, and any Python from 3.8 on must get as far as the message about 3.11.
from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NEEDED = (3, 11)
NEWEST = (3, 14)
NODE_NEEDED = 18  # what Debian 12 has
STATIC = ROOT / "src" / "lapicque" / "lab" / "static"
WEB = ROOT / "web"

# What each command installs: extras of the project, and groups of pyproject.toml, pinned by LOCK;
# or the whole of a lock. The version stands for the recipe in `install` below.
LOCK = "requirements-dev.lock"
WHOLE = {"everything": LOCK, "simulators": "requirements-simulators.lock"}
SETS = {
    "lab": {"extras": ["lab", "plot"], "groups": ["build"]},
    "core": {"extras": [], "groups": ["build", "core"]},
    "everything": {},
    "simulators": {},
}
RECIPE = "1"
COMPARED = [
    "tests/test_simulators.py",
    "tests/test_precise_simulators.py",
    "tests/test_grid_simulators.py",
]


class DevError(Exception):
    """Something is missing; the message says what, and the cure."""


def say(text: str) -> None:
    """Print at once; stderr, so that stdout is the command's own."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


# Python -------------------------------------------------------------------------------------


def dotted(version: tuple[int, ...]) -> str:
    """Write (3, 11) as 3.11."""
    return ".".join(str(part) for part in version)


def too_old(version: tuple[int, ...], executable: str) -> str | None:
    """Return what to tell somebody whose Python is too old, else None."""
    if tuple(version[:2]) >= NEEDED:
        return None
    return (
        f"lapicque needs Python {dotted(NEEDED)} or newer; this is {dotted(version[:3])} "
        f"({executable}), and no newer one was found.\n"
        f"Install one and run dev.py again: Debian and Ubuntu `sudo apt install python3` (or "
        f"python{dotted(NEEDED)} python{dotted(NEEDED)}-venv), macOS `brew install python`, "
        "Windows `winget install Python.Python.3.13`; or from python.org."
    )


def newer_pythons(windows: bool) -> list[list[str]]:
    """Return the commands that may start a Python that is new enough, newest first."""
    minors = range(NEWEST[1], NEEDED[1] - 1, -1)
    if windows:
        commands = [["py", f"-3.{minor}"] for minor in minors] + [["py", "-3"]]
    else:
        commands = [[f"python3.{minor}"] for minor in minors]
    return [*commands, ["python3"], ["python"]]


def find_newer_python() -> list[str] | None:
    """Return the first of them that starts and is new enough (a name alone may be a shim)."""
    probe = "import sys; print(*sys.version_info[:2])"
    for command in newer_pythons(os.name == "nt"):
        path = shutil.which(command[0])
        if path is None:
            continue
        try:
            done = subprocess.run(
                [path, *command[1:], "-c", probe], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            version = tuple(int(part) for part in done.stdout.split())
        except (OSError, ValueError):
            continue
        if done.returncode == 0 and version >= NEEDED:
            return [path, *command[1:]]
    return None


def run(command: list[str], **options: object) -> int:
    """Run a command in the foreground and return its exit code; Ctrl+C is the command's."""
    with subprocess.Popen(command, **options) as process:  # type: ignore[call-overload]
        while True:
            try:
                return int(process.wait())
            except KeyboardInterrupt:
                continue


def become(command: list[str]) -> int:
    """Run a command in place of this process (Windows: beside it) and return its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(str(ROOT))
    if os.name == "nt":
        return run(command, env=clean_environment())
    os.execve(command[0], command, clean_environment())  # does not return


def clean_environment() -> dict[str, str]:
    """Return the environment without what would mix another Python into ours."""
    strangers = {"PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET"}
    strangers |= {"PIP_USER", "__PYVENV_LAUNCHER__"}
    clean = {name: value for name, value in os.environ.items() if name not in strangers}
    clean.setdefault("LAPICQUE_CACHE", str(ROOT / ".venv" / "compiled"))  # nothing outside
    return clean


# The environment ----------------------------------------------------------------------------


def venv_python(venv: Path, windows: bool) -> Path:
    """Return the path of the interpreter in a virtual environment."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


def fingerprint(root: Path, name: str) -> str:
    """Return a hash of all that decides what `install` installs."""
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    project = project.split("\n[tool.")[0]  # the tools' settings stand last and install nothing
    lock = (root / WHOLE.get(name, LOCK)).read_text(encoding="utf-8")
    recipe = f"{RECIPE} {name} {SETS[name]}"
    return hashlib.sha256("\0".join([recipe, project, lock]).encode()).hexdigest()


def read_stamp(venv: Path) -> dict[str, object]:
    """Return what the environment is known to hold: {"python": path, set: fingerprint}."""
    try:
        stamp = json.loads((venv / "lapicque-stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_ready(stamp: dict[str, object], root: Path, name: str, python: Path) -> bool:
    """Tell whether the environment holds the set, installed for the interpreter it has now."""
    if not python.exists() or stamp.get("python") != os.path.realpath(python):
        return False
    holders = [name] if name in WHOLE else [name, "everything"]
    return any(stamp.get(each) == fingerprint(root, each) for each in holders)


def environment(name: str, venv: Path) -> str:
    """Return the interpreter of an environment that holds the set, made now if need be."""
    python = venv_python(venv, os.name == "nt")
    stamp = read_stamp(venv)
    if not is_ready(stamp, ROOT, name, python):
        if not usable(python):
            make_venv(venv)
            stamp = {}
        elif stamp.get("python") != os.path.realpath(python):
            stamp = {}
        say(f"installing into {venv.name} (this once; it takes a minute) ...")
        install(str(python), name)
        if name == "everything":
            stamp = {}
        stamp.update({"python": os.path.realpath(python), name: fingerprint(ROOT, name)})
        (venv / "lapicque-stamp.json").write_text(json.dumps(stamp), encoding="utf-8")
    return str(python)


def usable(python: Path) -> bool:
    """Tell whether an environment's interpreter starts, is new enough and has pip."""
    probe = f"import sys; sys.exit(sys.version_info < {NEEDED})"
    try:
        if not python.exists() or subprocess.run([str(python), "-c", probe]).returncode:
            return False
    except OSError:
        return False
    # Another tool may have made it, without pip; what it holds is left alone.
    pip = "try: import pip\nexcept ImportError: import ensurepip; ensurepip.bootstrap()"
    return subprocess.run([str(python), "-c", pip]).returncode == 0


def make_venv(venv: Path) -> None:
    """Make a virtual environment, in place of a broken one if there is one."""
    version = dotted(sys.version_info[:2])
    cure = (
        f"Python's module for virtual environments is missing.\n"
        f"Debian and Ubuntu: `sudo apt install python{version}-venv`, then run dev.py again."
    )
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        raise DevError(cure)
    if not os.access(str(ROOT), os.W_OK):
        raise DevError(f"cannot write to {ROOT}: copy the clone to a folder of yours.")
    say(f"making {venv.name} with Python {version} ...")
    base = getattr(sys, "_base_executable", None) or sys.executable
    done = subprocess.run(
        [base, "-m", "venv", "--clear", str(venv)],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise DevError(f"{done.stdout.strip()}\n{cure if 'ensurepip' in done.stdout else ''}")


def install(python: str, name: str) -> None:
    """Install a set, pinned by the lock, and lapicque itself, editable."""
    import tomllib  # Python 3.11

    lock = str(ROOT / WHOLE.get(name, LOCK))
    if name in WHOLE:
        steps = [["-r", lock], ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]]
    else:
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
        tools = [tool for group in SETS[name]["groups"] for tool in groups[group]]
        target = str(ROOT) + (
            "[{}]".format(",".join(SETS[name]["extras"])) if SETS[name]["extras"] else ""
        )
        steps = [["-c", lock, *tools], ["-c", lock, "--no-build-isolation", "-e", target]]
    for step in steps:
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
        done = subprocess.run(
            [*pip, "install", *step],
            cwd=str(ROOT),
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise DevError(f"{tail(done.stdout)}\n{pip_cure(done.stdout)}")


def tail(text: str, lines: int = 15) -> str:
    """Return the last lines of a long text."""
    return "\n".join(text.strip().splitlines()[-lines:])


def pip_cure(output: str) -> str:
    """Say what to do about a failed pip."""
    offline = (
        "name resolution",
        "NewConnectionError",
        "getaddrinfo",
        "ConnectTimeout",
        "Max retries",
    )
    if any(sign in output for sign in offline):
        return "The packages cannot be fetched: connect to the Internet and run dev.py again."
    if "No space left" in output:
        return "The disk is full: about 1 GB is needed."
    return "pip could not install what lapicque needs; its last words stand above."


# Tools that are no Python packages ----------------------------------------------------------


def find_chromium() -> str | None:
    """Return a Chromium for the browser tests, or None; LAPICQUE_CHROMIUM names one."""
    names = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "msedge"]
    places = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        folder = os.environ.get(variable)
        if folder:
            places.append(os.path.join(folder, "Google", "Chrome", "Application", "chrome.exe"))
    found = [os.environ.get("LAPICQUE_CHROMIUM"), *map(shutil.which, names)]
    found += [place for place in places if os.path.exists(place)]
    return next((path for path in found if path), None)


def find_npm() -> tuple[str | None, str]:
    """Return npm's path, and what to do if it is None."""
    npm, node = shutil.which("npm"), shutil.which("node")
    cure = f"install Node.js {NODE_NEEDED} or newer (Debian: `sudo apt install nodejs npm`)"
    if npm is None or node is None:
        return None, f"Node.js was not found: {cure}"
    done = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True)
    version = done.stdout.strip()
    if not version.lstrip("v").split(".")[0].isdigit():
        return None, f"node does not start: {cure}"
    if int(version.lstrip("v").split(".")[0]) < NODE_NEEDED:
        return None, f"node is {version}: {cure}"
    return npm, ""


def prepare_web(npm: str) -> None:
    """Install the front end's tools as its lock says, if that is not done yet."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = WEB / "node_modules" / ".lapicque-stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    say("installing the front end's tools into web/node_modules ...")
    if run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=str(WEB)):
        raise DevError("npm could not install the front end's tools; its words stand above.")
    stamp.write_text(lock, encoding="utf-8")


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def differences(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Return the names of the files that differ or are on one side only."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


# Commands -----------------------------------------------------------------------------------


def lab(arguments: list[str]) -> int:
    """Start the lab."""
    python = environment("lab", ROOT / ".venv")
    if not (STATIC / "index.html").exists():
        say("the lab's page is not built yet")
        build_web([])
    return become([python, "-m", "lapicque", "lab", *arguments])


def test(arguments: list[str]) -> int:
    """Run all tests."""
    python = environment("everything", ROOT / ".venv")
    chromium = find_chromium()
    if chromium:
        os.environ["LAPICQUE_CHROMIUM"] = chromium
    else:
        say("no Chromium: the browser tests are skipped (Debian: `sudo apt install chromium`)")
    npm, cure = find_npm()
    if not npm:
        say(f"the front end's own tests are skipped. {cure}")
    elif (WEB / "package-lock.json").exists():
        prepare_web(npm)
    return become([python, "-m", "pytest", *spread(arguments), *arguments])


def spread(arguments: list[str]) -> list[str]:
    """Return what spreads the tests over the processors, unless asked for otherwise."""
    alone = ("-n", "-s", "-x", "--pdb", "--trace", "--collect-only", "--co", "-p")
    if any(argument.startswith(option) for argument in arguments for option in alone):
        return []
    # By the file, whose tests may share a server or a browser that takes seconds to start.
    return ["-n", "auto", "--dist", "loadfile"]


def core(arguments: list[str]) -> int:
    """Run the tests that need no extra; each Python version has an environment of its own."""
    venv = ROOT / f".venv-core-{dotted(sys.version_info[:2])}"
    python = environment("core", venv)
    return become([python, "-m", "pytest", "-m", "not browser", *spread(arguments), *arguments])


def simulators(arguments: list[str]) -> int:
    """Run the tests that compare with other simulators, which want a NumPy of their own."""
    python = environment("simulators", ROOT / ".venv-simulators")
    return become([python, "-m", "pytest", *COMPARED, *arguments])


def check(arguments: list[str]) -> int:
    """Run every check that is no test, all of them, and say at the end which failed."""
    unknown = [argument for argument in arguments if argument not in ("--python", "--web")]
    if unknown:
        raise DevError("check takes --python or --web (got {})".format(" ".join(unknown)))
    failed = []
    if "--web" not in arguments:
        python = environment("everything", ROOT / ".venv")
        for name, command in (
            ("ruff format", ["ruff", "format", "--check", "--quiet", "."]),
            ("ruff check", ["ruff", "check", "--quiet", "."]),
            ("mypy", ["mypy"]),
        ):
            print(f"== {name}", flush=True)
            if run([python, "-m", *command], cwd=str(ROOT), env=clean_environment()):
                failed.append(name)
    if "--python" not in arguments and (WEB / "package.json").exists():
        npm, cure = find_npm()
        if npm:
            failed += check_web(npm)
        elif os.environ.get("CI"):
            raise DevError(cure)
        else:
            say(f"the front end is not checked. {cure}")
    if failed:
        say("failed: {}".format(", ".join(failed)))
        return 1
    print("all checks passed", flush=True)
    return 0


def check_web(npm: str) -> list[str]:
    """Check the front end: types, tests, and that the committed build is what its source gives."""
    prepare_web(npm)
    failed = []
    for script in ("check", "test"):
        print(f"== npm run {script}", flush=True)
        if run([npm, "run", "--silent", script], cwd=str(WEB)):
            failed.append(f"npm run {script}")
    print("== npm run build, compared with src/lapicque/lab/static", flush=True)
    before = snapshot(STATIC)
    for name in before:  # so that a file that is not built any more is noticed
        (STATIC / name).unlink()
    if run([npm, "run", "--silent", "build"], cwd=str(WEB)):
        for name, content in before.items():
            (STATIC / name).write_bytes(content)
        return [*failed, "npm run build"]
    changed = differences(before, snapshot(STATIC))
    if changed:
        say(
            "src/lapicque/lab/static was not what web/ builds: {}. It is rebuilt now: commit "
            "it.".format(", ".join(changed))
        )
        failed.append("the committed build")
    return failed


def build_web(arguments: list[str]) -> int:
    """Build the front end."""
    if arguments:
        raise DevError("build-web takes no options (got {})".format(" ".join(arguments)))
    npm, cure = find_npm()
    if not npm:
        raise DevError(cure)
    prepare_web(npm)
    return run([npm, "run", "--silent", "build"], cwd=str(WEB))


COMMANDS = {
    "lab": lab,
    "test": test,
    "check": check,
    "build-web": build_web,
    "core": core,
    "simulators": simulators,
}


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print((__doc__ or "").strip())
        return 0 if arguments else 2
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        say("there is no command {!r}; there are {}".format(name, ", ".join(COMMANDS)))
        return 2
    message = too_old(sys.version_info[:3], sys.executable)
    if message:
        newer = None if os.environ.get("LAPICQUE_DEV_AGAIN") else find_newer_python()
        if newer is None:
            say(message)
            return 2
        os.environ["LAPICQUE_DEV_AGAIN"] = "1"
        return run([*newer, str(Path(__file__).resolve()), *arguments])
    try:
        return COMMANDS[name](rest)
    except DevError as problem:
        say(str(problem).strip())
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
