"""The documents: their Python runs, their commands run, their links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from lapicque import cli

sybil = pytest.importorskip("sybil")
from sybil.document import Document
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).parent.parent
EXECUTED = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKED = [*EXECUTED, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", EXECUTED, ids=name)
def test_python_in_the_documents_runs(path, monkeypatch):
    """Every python block, in order, in one namespace per file, from the root of a clone."""
    monkeypatch.chdir(ROOT)
    document = Document.parse(str(path), PythonCodeBlockParser())
    for example in document.examples():
        example.evaluate()


def test_the_readme_has_python():
    """Else the test above would pass on nothing."""
    document = Document.parse(str(ROOT / "README.md"), PythonCodeBlockParser())
    assert len(list(document.examples())) >= 4


FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def commands():
    """Every `lapicque run` and `sweep` line of a sh block, without its comment."""
    for path in EXECUTED:
        for language, block in FENCE.findall(path.read_text("utf-8")):
            for line in block.splitlines() if language in ("sh", "bash", "console") else ():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words[:2] in (["lapicque", "run"], ["lapicque", "sweep"]):
                    yield words[1:]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_commands_in_the_documents_run(words, tmp_path, monkeypatch, capsys):
    """Each exits 0, prints, and writes its files (here into a folder of the test)."""
    monkeypatch.chdir(ROOT)
    given = [
        str(tmp_path / word) if k and words[k - 1] == "--out" else word
        for k, word in enumerate(words)
    ]
    assert cli.main(given) == 0
    assert capsys.readouterr().out
    for word in given:
        if word.startswith(str(tmp_path)):
            assert Path(word).stat().st_size > 0


def test_the_readme_has_commands():
    """Else the test above would pass on nothing."""
    assert len(list(commands())) >= 3


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(path):
    """The anchors of a Markdown file, as GitHub makes them."""
    text = FENCE.sub("", path.read_text("utf-8"))
    for title in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", title.lower())
        yield plain.strip().replace(" ", "-")


@pytest.mark.parametrize("path", LINKED, ids=name)
def test_links_lead_to_files(path):
    """Every relative link and image points at a file of the clone, and its anchor at a heading."""
    text = FENCE.sub("", path.read_text("utf-8"))
    wrong = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        goal = (path.parent / file).resolve() if file else path
        if not goal.exists() or (anchor and anchor not in headings(goal)):
            wrong.append(target)
    assert wrong == []


@pytest.mark.parametrize("path", LINKED, ids=name)
def test_code_spans_that_look_like_files_exist(path):
    """`tests/strategies.py` and its like in a text: a file that is there."""
    wrong = []
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text("utf-8"))):
        is_path = re.fullmatch(r"(src|tests|docs|benchmarks|examples|web|\.ci)/[\w./-]+", span)
        if is_path and not (ROOT / span).exists():
            wrong.append(span)
    assert wrong == []
