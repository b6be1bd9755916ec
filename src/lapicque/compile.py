"""The kernels, compiled by Numba: the only file that knows it.

Numba keeps what it compiled beside the source file, and looks at that file alone to see whether
it still holds: an edit in another file would go unnoticed.  So the sources of all kernels are
copied to a folder of the user's cache that is named by their hash, and compiled there.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from .errors import MissingPackageError

KERNELS = Path(__file__).parent / "kernels"

# What is called from Python, and kept on disk with all that it calls.
ENTRIES = {"batch": ("run_rows",)}

_HEAD = """
import numba as _numba
_compiled = _numba.njit(nogil=True, error_model="numpy")
_entry = _numba.njit(nogil=True, error_model="numpy", cache=True)
"""


def available() -> bool:
    """Return whether Numba is installed."""
    return importlib.util.find_spec("numba") is not None


def decorated(name: str, source: str) -> str:
    """Return the source of a kernel module with a decorator before each of its functions.

    Parameters
    ----------
    name : str
        The module's name.
    source : str
    """
    lines = source.splitlines()
    body = ast.parse(source).body
    for node in reversed(body):
        if isinstance(node, ast.FunctionDef):
            entry = node.name in ENTRIES.get(name, ())
            lines.insert(node.lineno - 1, "@_entry" if entry else "@_compiled")
    # Behind the docstring and what must come first.
    first = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    lines.insert((first or body)[0].end_lineno or 0, _HEAD)
    return "\n".join(lines) + "\n"


def cache_folder() -> Path:
    """Return where compiled kernels are kept: ``LAPICQUE_CACHE``, or the user's cache folder."""
    if given := os.environ.get("LAPICQUE_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "lapicque"


def _written(folder: Path, modules: dict[str, str]) -> Path:
    """Write the modules to ``folder``, at once or not at all; return the folder."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
        for name, text in modules.items():
            (draft / f"{name}.py").write_text(text, "utf-8")
        try:
            draft.rename(folder)
        except OSError:
            # Another process was quicker.
            shutil.rmtree(draft, ignore_errors=True)
            if not folder.exists():
                raise
    return folder


@functools.cache
def kernels() -> ModuleType:
    """Return `lapicque.kernels.batch`, to be compiled at its first call or loaded from the cache.

    Raises
    ------
    MissingPackageError
        If Numba is not installed.
    """
    try:
        import numba
    except ImportError:
        raise MissingPackageError(
            "compiled sweeps need Numba: pip install 'lapicque[sweep]'"
        ) from None
    sources = {path.stem: path.read_text("utf-8") for path in sorted(KERNELS.glob("*.py"))}
    modules = {name: decorated(name, text) for name, text in sources.items()}
    about = (numba.__version__, sys.version, *modules.items())
    digest = hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    package = f"lapicque_kernels_{digest}"
    try:
        folder = _written(cache_folder() / package, modules)
    except OSError:
        # A cache that cannot be written: compile for this process alone.
        folder = _written(Path(tempfile.mkdtemp(prefix="lapicque_")) / package, modules)
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the compiled kernels cannot be loaded from {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)
    return importlib.import_module(f"{package}.batch")
