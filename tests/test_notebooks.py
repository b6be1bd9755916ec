"""The teaching notebook: it runs, its text says what it computes, and its links lead to it."""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import re
import subprocess
import sys
import tokenize
import tomllib
import urllib.parse
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATH = "notebooks/integrate_and_fire.ipynb"
NOTEBOOK = json.loads((ROOT / PATH).read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Repository"]
OWNER_AND_NAME = ADDRESS.removeprefix("https://github.com/")


def sources(kind, cells=None):
    """The cells of a kind: (id, source)."""
    cells = NOTEBOOK["cells"] if cells is None else cells
    return [(c["id"], "".join(c["source"])) for c in cells if c["cell_type"] == kind]


CODE = dict(sources("code"))
TEXT = dict(sources("markdown"))
CHECKS = [name for name in CODE if name.endswith("-check")]


# Stored clean ---------------------------------------------------------------------------------


def test_it_is_stored_clean():
    """No outputs, no counts, names for ids: a change of the text is all that a diff shows."""
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.reads(json.dumps(NOTEBOOK), as_version=4))
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"] == {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    names = [cell["id"] for cell in NOTEBOOK["cells"]]
    assert len(names) == len({*names})
    assert all(re.fullmatch(r"[a-zA-Z][\w-]*[a-zA-Z]", name) for name in names)
    for cell in NOTEBOOK["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert {*cell["metadata"]} <= {"cellView", "jupyter", "tags"}


def test_folded_cells_have_a_title():
    """JupyterLab shows a folded cell's first line, Colab its title."""
    for cell in NOTEBOOK["cells"]:
        if cell["metadata"]:
            assert cell["metadata"]["cellView"] == "form"
            assert cell["metadata"]["jupyter"] == {"source_hidden": True}
            assert "hide-input" in cell["metadata"]["tags"]
            assert re.match(r"# @title \w", cell["source"][0])
            assert ("check" in cell["metadata"]["tags"]) == (cell["id"] in CHECKS)


def test_its_code_is_formatted():
    """As ruff formats the code of the library, with its line length."""
    ruff = importlib.util.find_spec("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated"]
    command += ["--line-length", "100", str(ROOT / PATH)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# Executed -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook, run from top to bottom far from the clone, then its checks once more: a reader
    may run them again later, when other cells have run."""
    for package in ("ipykernel", "matplotlib", "anywidget"):
        pytest.importorskip(package)
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.reads(json.dumps(NOTEBOOK), as_version=4)
    again = [copy.deepcopy(cell) for cell in notebook.cells if cell.id in CHECKS]
    for cell in again:
        cell.id += "-again"
    notebook.cells += again
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(
        notebook, timeout=100, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # else jupyter_core warns
        client.execute()
    return {cell.id: cell.get("outputs", []) for cell in notebook.cells}


def printed(outputs):
    """All that a cell has shown as text."""
    texts = [o["text"] for o in outputs if o["output_type"] == "stream"]
    texts += [o["data"]["text/markdown"] for o in outputs if "text/markdown" in o.get("data", {})]
    return "\n".join(texts)


def columns(outputs):
    """A table that a cell has shown, by its heads."""
    lines = [line for line in printed(outputs).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {head: list(column) for head, *column in zip(cells[0], *cells[2:], strict=True)}


def test_it_runs_without_a_warning(executed):
    """No error (the client would have raised), and nothing on stderr."""
    assert len(executed) > 50
    for name, outputs in executed.items():
        for output in outputs:
            assert output["output_type"] in ("stream", "display_data", "execute_result"), name
            assert output.get("name") != "stderr", (name, output)
            assert "Warning" not in printed([output]), name


def test_it_shows_the_numbers_of_the_design(executed):
    """The truth: closed forms and the counts of the original notebook, as the design has them."""
    assert printed(executed["constant"]).count("13.173586021199 ms") == 2
    assert columns(executed["sine-cell"])["4.0"] == ["31"]
    assert columns(executed["two-cell"])["spikes in 100 ms"] == ["0", "0", "9"]
    counts = columns(executed["counts-table"])
    assert counts["spikes as coded"] == ["4", "31", "6", "30", "0", "229", "0"]
    assert counts["exact, same equation"] == ["4", "31", "6", "30", "0", "232", "0"]
    assert printed(executed["exactness-proof"]).count("15.862943611198906 ms") == 2
    assert columns(executed["lapicque-figure"]) == {
        "rheobase (nA)": ["1.50"],
        "chronaxie (ms)": ["6.9315"],
        "duration of least energy (ms)": ["12.5643"],
    }
    assert "amplitude = 0.8" in printed(executed["further-take"])
    assert "13.17358602" in printed(executed["further-take"])


def test_every_check_has_run(executed):
    assert len(CHECKS) >= 8
    for name in CHECKS:
        for run in (name, f"{name}-again"):
            assert re.search(r"^\d+ numbers of the text checked\.$", printed(executed[run]), re.M)


def test_labs_and_figures_are_there(executed):
    """A lab on each experiment, and no figure without a text for those who cannot see it."""
    widget = "application/vnd.jupyter.widget-view+json"
    asked = [name for name, source in CODE.items() if re.search(r"^Lab\(|^lab$", source, re.M)]
    assert len(asked) == 7
    shown = [
        n for n, outputs in executed.items() if any(widget in o.get("data", {}) for o in outputs)
    ]
    assert shown == asked
    pictures = [
        o for outputs in executed.values() for o in outputs if "image/png" in o.get("data", {})
    ]
    assert len(pictures) == 7
    for picture in pictures:
        (alt,) = re.findall(r'<img alt="([^"]+)"', picture["data"]["text/html"])
        assert len(alt) > 40
        assert picture["data"]["text/plain"] == alt


# Text and numbers -----------------------------------------------------------------------------

NUMBER = re.compile(r"(?<![\w.,/])\d[\d,]*\.\d+|(?<![\w.,/])\d[\d,]*(?= spikes)")


def numbers(text):
    """The numbers of a text that are measured, not counted: 13.17, and 31 of "31 spikes"."""
    text = re.sub(r"\]\([^)]*\)|doi:\S+|`[^`]*`", " ", text)  # links and code
    return NUMBER.findall(" ".join(text.split()))


def sections():
    """The cells of the notebook, by the headings of the second level."""
    parts = [[]]
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "markdown" and "".join(cell["source"]).startswith("## "):
            parts.append([])
        parts[-1].append(cell)
    return parts


def literals(source):
    """The numbers written in a cell of code."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return {float(t.string.replace("_", "")) for t in tokens if t.type == tokenize.NUMBER}


def claims(source):
    """The numbers that a check cell compares: the first of each pair in ``check(...)``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check":
            yield from (ast.literal_eval(pair.elts[0]) for pair in node.args)


def test_numbers_are_found():
    text = "After 13.17 ms ($\\tau$ = 5.76), 1,234.5 of 31 spikes [10.1007](https://x.y/1.5) `2.5`."
    assert numbers(text) == ["13.17", "5.76", "1,234.5", "31", "10.1007"]
    assert list(claims('check(("1.5", x), ("31", y))')) == ["1.5", "31"]
    assert literals("x = f(1_000, 2.5, '3.5')") == {1000.0, 2.5}


@pytest.mark.parametrize("cells", sections()[1:], ids=lambda cells: cells[0]["id"])
def test_each_number_of_the_text_is_computed_or_given(cells):
    """Computed: compared by a check cell of its section. Given: a parameter in its code."""
    code = [source for _, source in sources("code", cells)]
    checked = [claim for source in code for claim in claims(source)]
    given = set().union(*map(literals, code))
    text = "\n".join(source for _, source in sources("markdown", cells)).split("### References")[0]
    found = numbers(text)
    assert [n for n in found if n not in checked and float(n.replace(",", "")) not in given] == []
    stale = [c for c in checked if not re.search(rf"(?<![\d.]){re.escape(c)}(?![\d]|\.\d)", text)]
    assert stale == []


def test_the_experiments_views_and_methods_it_names_exist():
    from lapicque.lab.answer import describe

    described = describe()
    text = " ".join(" ".join(TEXT.values()).split())
    titles = [preset["title"].replace("  ", " ") for preset in described["presets"]]
    assert [t for t in re.findall(r"experiment \*(\d.+?)\*", text) if t not in titles] == []
    views = [view["label"] for view in described["views"]]
    assert [v for v in re.findall(r"view \*(.+?)\*", text) if v not in views] == []
    methods = [method["label"] for method in described["methods"]]
    assert [m for m in re.findall(r"method \*(.+?)\*", text) if m not in methods] == []
    assert re.search(r"experiment \*\d", text)
    assert re.search(r"view \*", text)
    assert re.search(r"method \*", text)


# Links, Colab, Binder -------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_the_badges_open_this_notebook():
    links = LINK.findall(TEXT["title"])
    assert f"https://colab.research.google.com/github/{OWNER_AND_NAME}/blob/main/{PATH}" in links
    assert f"https://mybinder.org/v2/gh/{OWNER_AND_NAME}/main?urlpath=lab/tree/{PATH}" in links
    assert (ROOT / PATH).exists()


def test_links_to_the_repository_lead_to_files():
    prefix = f"{ADDRESS}/blob/main/"
    links = [link for text in TEXT.values() for link in LINK.findall(text)]
    ours = [link.removeprefix(prefix) for link in links if link.startswith(prefix)]
    assert "docs/theory.md" in ours
    assert [path for path in ours if not (ROOT / path).exists()] == []


def test_dois_are_what_their_links_say():
    """And those that another page of ours gives too are the same."""
    found = re.findall(r"\[doi:(\S+)\]\(https://doi\.org/(\S+)\)", TEXT["further-text"])
    assert len(found) >= 6
    assert [(doi, link) for doi, link in found if urllib.parse.unquote(link) != doi] == []
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    dois = re.findall(r'^    doi: "?([^"\n]+)"?$', cited, re.M)
    assert {*dois} <= {doi for doi, _ in found}


def run_install_cell(monkeypatch, is_there, returncode=0):
    calls = []

    def run(command, **options):
        calls.append(command)
        return subprocess.CompletedProcess(command, returncode, "", "no such host")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if is_there else None)
    monkeypatch.setattr(subprocess, "run", run)
    exec(compile(CODE["install"], "install", "exec"), {})
    return calls


def test_colab_installs_the_package_from_the_repository(monkeypatch):
    extras = "lab,plot"
    assert {*extras.split(",")} <= {*PROJECT["optional-dependencies"]}
    (command,) = run_install_cell(monkeypatch, is_there=False)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-1] == f"{PROJECT['name']}[{extras}] @ git+{ADDRESS}"
    with pytest.raises(RuntimeError, match="no such host"):
        run_install_cell(monkeypatch, is_there=False, returncode=1)


def test_nothing_is_installed_where_the_package_is(monkeypatch):
    assert run_install_cell(monkeypatch, is_there=True) == []


def requirement_names(requirements):
    return {re.match(r"[\w.-]+", each).group().lower() for each in requirements}


def test_binder_installs_what_the_notebook_needs():
    lines = (ROOT / ".binder" / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    (ours,) = (line for line in wanted if line.startswith("."))  # from the root of the clone
    installed = requirement_names(PROJECT["dependencies"])
    for extra in re.fullmatch(r"\.\[(.+)\]", ours).group(1).split(","):
        installed |= requirement_names(PROJECT["optional-dependencies"][extra])
    installed |= requirement_names(line for line in wanted if line != ours)
    needed = {"anywidget"}  # by Lab
    for source in CODE.values():
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            needed |= {name.split(".")[0] for name in names}
    needed -= {"lapicque", *sys.stdlib_module_names}
    brought = {"IPython": "jupyterlab"}
    assert {brought.get(name, name) for name in needed} <= installed
    assert "jupyterlab" in installed


def test_binder_has_a_python_that_is_new_enough():
    runtime = (ROOT / ".binder" / "runtime.txt").read_text("utf-8").strip()
    version = runtime.removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
