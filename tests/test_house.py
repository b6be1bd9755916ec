"""The house: which module may import which, read from the source itself.

`math <- kernels <- {parameter <- units, current, neuron, method} <- response <- simulate <-
experiment <- {features, link, presets} <- analysis <- {theory, plot, sweep, interop} <- lab <-
cli`,
where an arrow points at what is imported; `errors` is a leaf beside `kernels`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "lapicque"

# A module may import from the floors below its own; on its own floor only from itself.
FLOORS = [
    ["kernels"],
    ["errors"],
    ["units"],
    ["parameter"],
    ["pieces", "fit"],
    ["current", "neuron", "method", "trains"],
    ["response", "rows"],
    ["simulate"],
    ["experiment"],
    ["features", "link", "polyline", "presets"],
    ["analysis", "compile"],
    ["batch"],
    ["grid"],
    ["store"],
    ["theory", "plot", "sweeps", "sweepfile", "interop"],
    ["lab"],
    ["cli"],
    ["__init__", "__main__"],
]
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}

# Where a package that is not the standard library's may be imported: inside functions of these.
GUESTS = {
    "numpy": {
        "analysis",
        "batch",
        "cli",
        "current",
        "features",
        "interop",
        "parameter",
        "pieces",
        "plot",
        "response",
        "rows",
        "grid",
        "store",
        "sweeps",
        "sweepfile",
        "units",
    },
    "tomli_w": {"experiment"},
    "matplotlib": {"plot"},
    "starlette": {"lab.server"},
    "uvicorn": {"lab.server"},
    "websockets": {"lab.server"},
    "anywidget": {"lab.widget"},
    "IPython": {"lab.widget"},
    "traitlets": {"lab.widget"},
    "cloudpickle": {"sweeps"},  # Dask's own
    "distributed": {"sweeps"},
    "tqdm": {"sweeps"},
    "xarray": {"cli", "sweeps"},
    "zarr": {"store"},
    "numba": {"compile"},
}

# These may be imported at load: classes of theirs have a guest as their base. They are themselves
# imported inside functions only.
LAZY = {"lab.widget"}


def module_name(path: Path) -> str:
    """`lab.server` for lab/server.py, `kernels` for kernels/__init__.py, `__init__` for ours."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_name(path): path for path in FILES}


@dataclass(frozen=True)
class Import:
    """One imported module: where it stands, and when it is carried out."""

    line: int
    name: str  # absolute: "math", "lapicque.kernels.moments"
    at_load: bool  # when the module is imported, not when a function is called
    for_types: bool  # in `if TYPE_CHECKING:`, so never


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, also those inside functions."""
    yield from walk(ast.parse(path.read_text("utf-8")), path, at_load=True, for_types=False)


def walk(node: ast.AST, path: Path, at_load: bool, for_types: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(node.lineno, alias.name, at_load, for_types)
    elif isinstance(node, ast.ImportFrom):
        base = absolute(node, path)
        names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names if base.split(".")[0] == "lapicque" else [base]:
            yield Import(node.lineno, name, at_load, for_types)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for child in node.body:
            yield from walk(child, path, at_load, for_types=True)
        for child in node.orelse:
            yield from walk(child, path, at_load, for_types)
    else:
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, path, at_load and not inside, for_types)


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The absolute name of what `from ... import` names."""
    if not node.level:
        return node.module or ""
    package = ("lapicque", *path.relative_to(PACKAGE).parent.parts)
    package = package[: len(package) - (node.level - 1)]
    return ".".join([*package, *([node.module] if node.module else [])])


def house(name: str) -> str:
    """The part of the house a dotted name lies in: `kernels` for lapicque.kernels.moments.drive.

    A name that is no module, as in `from lapicque import __version__`, lies in `__init__`.
    """
    parts = name.split(".")[1:]
    return parts[0] if parts and parts[0] in FLOOR else "__init__"


def where(path: Path, found: Import) -> str:
    return f"{path.relative_to(PACKAGE.parent)}:{found.line} imports {found.name}"


def test_there_is_a_house():
    """Else the tests below would pass on nothing."""
    assert len(FILES) > 10
    assert {"kernels", "errors", "neuron", "simulate", "lab.server"} <= {*MODULES}
    assert {"kernels.pace", "lab.traces", "lab.planes", "lab.packing"} <= {*MODULES}


def test_every_module_has_its_place():
    """A new module must be given a floor here, and so in the design."""
    assert {name.split(".")[0] for name in MODULES} <= {*FLOOR}


@pytest.mark.parametrize("module", MODULES)
def test_no_import_runs_upward(module):
    """Inside functions and for types too: the direction is one of knowledge."""
    mine = module.split(".")[0]
    wrong = []
    for found in imports(MODULES[module]):
        if found.name.split(".")[0] != "lapicque":
            continue
        theirs = house(found.name)
        if mine == "__init__":  # the public names: from anywhere, the heavier ones when asked for
            heavy = FLOOR[theirs] > FLOOR["features"]
            if found.at_load and not found.for_types and heavy:
                wrong.append(where(MODULES[module], found) + " (must be lazy)")
        elif mine == "__main__":
            if theirs != "cli":
                wrong.append(where(MODULES[module], found) + " (only cli is its business)")
        elif theirs == "__init__":
            if mine not in ("cli", "lab"):
                wrong.append(where(MODULES[module], found) + " (would import upward unseen)")
        elif theirs != mine and FLOOR[theirs] >= FLOOR[mine]:
            wrong.append(where(MODULES[module], found))
        elif mine == "errors":
            wrong.append(where(MODULES[module], found) + " (errors is a leaf)")
    assert wrong == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] == "kernels"])
def test_kernels_import_only_math_and_each_other(module):
    """The same source must run interpreted, in Pyodide, and compiled."""
    path = MODULES[module]
    wrong = []
    for found in imports(path):
        root = found.name.split(".")[0]
        allowed = {"math", "cmath", "__future__"}
        allowed |= {"array", "collections"} if found.for_types else set()
        own = root == "lapicque" and house(found.name) == "kernels"
        if not own and root not in allowed:
            wrong.append(where(path, found))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lapicque"):
            wrong.append(f"{path.name}:{node.lineno} is not relative")
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_foreign_packages_are_guests_of_their_own_modules_only(module):
    """And inside functions: `import lapicque` needs the standard library alone."""
    wrong = []
    for found in imports(MODULES[module]):
        root = found.name.split(".")[0]
        if root == "lapicque" or root in sys.stdlib_module_names:
            continue
        hosts = GUESTS.get(root, set())
        if not {module, module.split(".")[0]} & hosts:
            wrong.append(where(MODULES[module], found) + f" (its place: {sorted(hosts) or 'none'})")
        elif found.at_load and not found.for_types and module not in LAZY:
            wrong.append(where(MODULES[module], found) + " (must be inside a function)")
    assert wrong == []


@pytest.mark.parametrize("module", sorted(LAZY))
def test_a_module_that_needs_a_guest_at_load_is_imported_inside_functions_only(module):
    """Else whoever imports its neighbour would need the guest."""
    wrong, asked = [], 0
    for path in FILES:
        for found in imports(path):
            if f"{found.name}.".startswith(f"lapicque.{module}.") and not found.for_types:
                asked += 1
                wrong += [where(path, found)] * found.at_load
    assert wrong == []
    assert asked > 0


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_by_a_name_made_at_run_time(module):
    """Else the tests above would not see it; `__init__` does so for its lazy names, `compile` for
    the kernels' copies."""
    if module in ("__init__", "compile"):
        return
    wrong = []
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("import_module", "__import__"):
                wrong.append(f"{module}:{node.lineno}")
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_the_library_asserts_nothing(module):
    """`python -O` drops assertions; a wrong value must raise an error that names it."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


HEAVY = (
    "numpy",
    "xarray",
    "numba",
    "matplotlib",
    "starlette",
    "uvicorn",
    "websockets",
    "tomli_w",
    "click",
)
RUN = (
    "import lapicque as lq; "
    "lq.simulate(lq.LIF(R_m=10.0, C_m=1.0), lq.constant(1.6) + lq.sine(0.8, 5.0), 100.0)"
)


ANSWER = """
import json
from lapicque.lab.answer import answer, describe
data = describe()["presets"][-1]["variants"][0]["experiments"][0]["experiment"]
method = {"name": "RK4", "dt": 0.5}
for view in ("traces", "error", "convergence", "f-I", "strength-duration"):
    experiment = {**data, "method": method} if view == "error" else data
    request = {"id": 1, "kind": "run", "view": view, "experiments": [experiment], "packed": True}
    assert json.dumps(answer({**request, "method": method})).startswith('{"id": 1, "ok": true')
"""

SCRIPTS = """
import lapicque as lq
from lapicque.interop import scripts
experiment = lq.Experiment(lq.LIF(t_ref=2.0), lq.constant(1.6) + lq.sine(0.8, 5.0), 100.0)
for script in scripts().values():
    assert "100.0" in script.write([experiment, experiment], ["a", "b"])
"""


@pytest.mark.parametrize(
    "code",
    [
        "import lapicque",
        "import lapicque.experiment, lapicque.features, lapicque.analysis",
        "import lapicque.cli",
        RUN,
        ANSWER,
        SCRIPTS,
    ],
    ids=["import lapicque", "experiment", "cli", "simulate", "every view of the lab", "scripts"],
)
def test_the_core_loads_and_runs_without_any_package(code):
    """NumPy alone would double the time of `lapicque run`."""
    code += f"\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout) == ("", "[]\n")


def test_the_core_runs_where_no_package_is_installed(tmp_path):
    """`-S -I`: no site-packages at all, as on the static page."""
    begin = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})"
    code = f"{begin}\n{RUN}\n{ANSWER}\n{SCRIPTS}\nprint('ran')"
    command = [sys.executable, "-S", "-I", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.stderr, done.stdout) == ("", "ran\n")


# That the tests above see what they should --------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import math", [("math", True, False)]),
        ("import lapicque.lab as x", [("lapicque.lab", True, False)]),
        ("from .moments import f", [("lapicque.kernels.moments.f", True, False)]),
        ("from . import pairs", [("lapicque.kernels.pairs", True, False)]),
        ("from .. import response", [("lapicque.response", True, False)]),
        ("from ..response import Response", [("lapicque.response.Response", True, False)]),
        ("from lapicque import simulate", [("lapicque.simulate", True, False)]),
        ("def f():\n    import numpy.linalg", [("numpy.linalg", False, False)]),
        ("class A:\n    from os import path", [("os", True, False)]),
        ("try:\n    import numpy\nexcept ImportError:\n    pass", [("numpy", True, False)]),
        ("if TYPE_CHECKING:\n    from array import array", [("array", True, True)]),
        ("if typing.TYPE_CHECKING:\n    import a\nelse:\n    import b", [("a", 1, 1), ("b", 1, 0)]),
    ],
)
def test_the_walk_finds_imports_wherever_they_stand(source, expected):
    tree = ast.parse(source)
    path = PACKAGE / "kernels" / "example.py"
    found = walk(tree, path, at_load=True, for_types=False)
    assert [(each.name, each.at_load, each.for_types) for each in found] == expected


def test_a_name_that_is_no_module_lies_in_the_root():
    assert house("lapicque.__version__") == "__init__"
    assert house("lapicque") == "__init__"
    assert house("lapicque.kernels.moments.drive") == "kernels"
