"""The project's papers agree with each other: address, version, extras, licence, lock."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
META = PROJECT["project"]
ADDRESS = META["urls"]["Repository"]
OWNER_AND_NAME = ADDRESS.removeprefix("https://github.com/")
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def papers() -> list[Path]:
    """Every text file of ours that may name the address (not what tools or others wrote)."""
    suffixes = {".md", ".cff", ".toml", ".yml", ".yaml", ".py", ".js", ".html", ".json", ".ipynb"}
    skipped = {"node_modules", "build", "dist", "package-lock.json"}
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".github", ".ci") for part in parts)
        if path.suffix in suffixes and not hidden and not skipped & {*parts} and path.is_file():
            found.append(path)
    return found


def test_the_addresses_belong_together():
    """The lab's page is the one that .github/workflows/pages.yml publishes for the repository."""
    owner, name = OWNER_AND_NAME.split("/")
    assert META["urls"] == {"Repository": ADDRESS, "Lab": f"https://{owner}.github.io/{name}/"}
    assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", ADDRESS)


def test_every_paper_names_the_same_address():
    """Every GitHub address that ends in our name, badges included, is the one of pyproject."""
    name = OWNER_AND_NAME.split("/")[1]
    # Also as in img.shields.io/github/.../OWNER/NAME and OWNER.github.io/NAME.
    pattern = re.compile(rf"github\.com/([\w.-]+/{name})\b|([\w-]+)\.github\.io/{name}\b")
    owner = OWNER_AND_NAME.split("/")[0]
    for path in papers():
        for repository, page_owner in pattern.findall(path.read_text("utf-8", "replace")):
            assert (repository or OWNER_AND_NAME) == OWNER_AND_NAME, path
            assert (page_owner or owner) == owner, path


def test_the_citation_names_the_address():
    assert f'repository-code: "{ADDRESS}"' in text("CITATION.cff")


def test_the_version_is_one():
    """pyproject's; the citation has it, and the change log's newest entry is it or unreleased."""
    version = META["version"]
    assert re.search(r"^version: (.+)$", text("CITATION.cff"), re.M).group(1).strip('"') == version
    entries = re.findall(r"^## \[(.+?)\](.*)$", text("CHANGELOG.md"), re.M)
    assert entries
    if entries[0][0] == "Unreleased":
        entries = entries[1:]
    if entries:
        assert entries[0][0] == version
    for entry, date in entries:
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry)
        assert re.fullmatch(r" - \d{4}-\d\d-\d\d", date)


def test_the_library_reads_its_version_from_its_installation():
    import lapicque

    assert lapicque.__version__ == META["version"]
    for path in SOURCES:
        assert f'"{META["version"]}"' not in path.read_text("utf-8"), path


HINT = re.compile(r"lapicque\[([\w,-]+)\]")


def hints() -> list[tuple[str, str]]:
    """Every extra that source or papers tell somebody to install, and where."""
    found = []
    for path in [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for names in HINT.findall(path.read_text("utf-8")):
            found += [(name, str(path.relative_to(ROOT))) for name in names.split(",")]
    return found


def test_every_extra_that_a_hint_names_exists():
    extras = META["optional-dependencies"]
    found = hints()
    assert ("lab", "src/lapicque/lab/server.py") in [(n, p.replace("\\", "/")) for n, p in found]
    assert [(name, path) for name, path in found if name not in extras] == []


def test_all_is_every_extra():
    extras = META["optional-dependencies"]
    (everything,) = extras["all"]
    assert {*HINT.match(everything).group(1).split(",")} == {*extras} - {"all"}


def requirement_name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")


def locked(lock: str = "requirements-dev.lock") -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    for line in text(lock).splitlines():
        if line and not line.startswith("#"):
            name, version = line.split(";")[0].strip().split("==")
            pins.setdefault(name, []).append(version)
    return pins


def test_the_lock_pins_all_that_is_asked_for():
    groups = PROJECT["dependency-groups"]
    asked = [*META["dependencies"], *PROJECT["build-system"]["requires"]]
    asked += [each for extra in META["optional-dependencies"].values() for each in extra]
    ours = [group for name, group in groups.items() if name != "simulators"]
    asked += [each for group in ours for each in group if isinstance(each, str)]
    assert {requirement_name(each) for each in asked} - {*locked()} == {"lapicque"}


def test_the_simulators_have_a_lock_of_their_own():
    """They hold NumPy back, which must not hold the others back."""
    asked = [*PROJECT["dependency-groups"]["simulators"], *PROJECT["build-system"]["requires"]]
    asked += META["dependencies"]
    pins = locked("requirements-simulators.lock")
    assert {requirement_name(each) for each in asked} <= {*pins}
    assert not {"brian2", "nest-simulator"} & {*locked()}
    lines = text("requirements-simulators.lock").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_the_lock_resolves_per_python_and_names_no_index():
    """3.11 cannot have the newest NumPy; one pin for all Pythons would hold the others back."""
    lines = text("requirements-dev.lock").splitlines()
    assert len(locked()["numpy"]) == 2
    assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_what_dev_py_installs_exists():
    source = ast.parse(text("dev.py"))
    sets = next(
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SETS"
    )
    for wanted in sets.values():
        assert {*wanted.get("extras", [])} <= {*META["optional-dependencies"]}
        for group in wanted.get("groups", []):  # it reads them without a resolver
            assert all(isinstance(each, str) for each in PROJECT["dependency-groups"][group])


def test_the_licence_is_one():
    assert META["license"] == "BSD-3-Clause"
    assert text("LICENSE").startswith("BSD 3-Clause License\n")
    assert "license: BSD-3-Clause\n" in text("CITATION.cff")


@pytest.mark.parametrize(
    "source",
    ["given-names: Louis", "given-names: Fabrizio", "10.1007/s00422-007-0190-0", "year: 1907"],
)
def test_the_citation_names_its_sources(source):
    assert source in text("CITATION.cff")


def test_a_typed_package_says_so():
    """Without the marker file no type checker reads our annotations."""
    assert "Typing :: Typed" in META["classifiers"]
    assert (ROOT / "src" / "lapicque" / "py.typed").exists()


def test_the_tested_pythons_are_the_classified_ones_at_their_ends():
    classified = [c.rpartition(" ")[2] for c in META["classifiers"] if "Python :: 3." in c]
    assert META["requires-python"] == f">={classified[0]}"
    workflow = text(".github/workflows/ci.yml")
    tested = re.search(r"python: \[(.*)\]", workflow).group(1).replace('"', "").split(", ")
    assert {*tested} <= {*classified}
    assert classified[0] in tested
    assert "bash .ci/run" in workflow


def test_the_ci_script_is_a_program():
    script = ROOT / ".ci" / "run"
    assert script.read_bytes().startswith(b"#!/usr/bin/env bash\n")
    done = subprocess.run(["git", "ls-files", "-s", ".ci/run"], cwd=ROOT, capture_output=True)
    if done.returncode == 0 and done.stdout:
        assert done.stdout.startswith(b"100755 ")
