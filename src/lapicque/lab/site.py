"""The lab as a static page: Python runs in the browser (Pyodide), any web server will do.

A site is a folder of files.  Pyodide's core comes from its public address, or lies beside the page
(``pyodide=``), where the page then needs no other host.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import html
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import LapicqueError, brief
from .answer import answer, describe
from .server import STATIC

PYODIDE = "314.0.7"
"""The version of Pyodide; web/package.json has the same."""

CDN = f"https://cdn.jsdelivr.net/npm/pyodide@{PYODIDE}/"
"""Pyodide's npm package, as the public web has it."""

TARBALL = f"https://registry.npmjs.org/pyodide/-/pyodide-{PYODIDE}.tgz"
TARBALL_SHA512 = (
    "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
)

CORE = {
    "pyodide.mjs": 17_931,
    "pyodide.asm.mjs": 1_250_344,
    "pyodide.asm.wasm": 9_598_218,
    "python_stdlib.zip": 2_545_637,
}
"""The files of Pyodide's core that a page without other packages needs; sizes in bytes."""

# What is fetched, so that its coming can be watched; the others are imported as modules.
_WATCHED = ("pyodide.asm.wasm", "python_stdlib.zip")
# Modules that a page has no use for.
_NOT_IN_A_PAGE = {
    "__main__",
    "analysis/locking",
    "batch",
    "cli",
    "compile",
    "grid",
    "interop/allen",
    "kernels/assembly",
    "kernels/batch",
    "kernels/samples",
    "plot",
    "rows",
    "store",
    "sweepfile",
    "sweeps",
    "trains",
    "lab/server",
    "lab/site",
    "lab/site_server",
    "lab/widget",
}
# Until Python has come, lines are sampled for a picture of this many pixels, and their numbers are
# as sharp as one of 8,000: the others' bits are zero, which packs well.
_WIDTH = 600


class SiteError(LapicqueError):
    """The site cannot be built; the message says why and what to do."""


def build(folder: Path, pyodide: Path | None = None) -> list[Path]:
    """Write the site; files of the same names are replaced, others stay.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    pyodide : Path, optional
        A folder with Pyodide's core, of version `PYODIDE`; it is copied into the site. Without
        it the page loads the core from `CDN`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    SiteError
        If the folder cannot be written, or ``pyodide`` is not that core.
    """
    files = dict(_files(pyodide))
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except (OSError, ValueError) as error:
        where = brief(os.fspath(getattr(error, "filename", None) or folder))
        reason = getattr(error, "strerror", None) or error
        raise SiteError(f"{where} cannot be written: {reason}") from None
    return [folder / name for name in files]


def _files(pyodide: Path | None) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file of the site."""
    made = {name: (STATIC / name).read_bytes() for name in ("lab.js", "lab.css", "favicon.svg")}
    templates = {}
    for path in sorted((STATIC / "site").iterdir()):
        if path.name in ("site.html", "sw.js"):
            templates[path.name] = path.read_text("utf-8")
        else:
            made[path.name] = path.read_bytes()
    made["lapicque.zip"] = sources()
    made["start.json"] = _start()
    core = {} if pyodide is None else _core(pyodide)
    at = CDN if pyodide is None else "pyodide/"
    sizes = {name: CORE[name] for name in _WATCHED}
    made["index.html"] = _filled(
        templates["site.html"],
        {
            "PYODIDE": at,
            "SOURCES": "lapicque.zip",
            "SIZES": json.dumps(sizes),
            "POLICY": policy("" if pyodide is not None else CDN),
        },
    ).encode()
    yield from made.items()
    for name, content in core.items():
        yield f"pyodide/{name}", content
    digest = hashlib.sha256()
    for name, content in [*sorted(made.items()), *sorted(core.items())]:
        digest.update(f"{name} {len(content)}\n".encode() + content)
    kept = ["./", *(name for name in made if name != "index.html"), *(at + name for name in CORE)]
    listed = json.dumps(json.dumps({"version": digest.hexdigest()[:16], "files": kept}))
    yield "sw.js", templates["sw.js"].replace('"@SITE@"', listed).encode()


def policy(address: str) -> str:
    """Return the page's Content-Security-Policy, where Pyodide is loaded from ``address``.

    WebAssembly must be compiled; nothing else is evaluated, and no other host is asked.
    """
    others = f" {address}" if address else ""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'wasm-unsafe-eval'{others}",
        "worker-src": "'self'",
        "connect-src": f"'self'{others}",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _filled(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", html.escape(value))
    return template


def sources() -> bytes:
    """Return our sources as an archive, the same for the same sources.

    The one file in it is again an archive, not packed: what modules have in common is packed once,
    by bzip2, a fifth smaller than by what zip files usually have.
    """
    package = STATIC.parent.parent
    files = {}
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        name = inside.with_suffix("").as_posix()
        if path.suffix in (".py", ".toml") and name not in _NOT_IN_A_PAGE:
            text = path.read_text("utf-8")
            files[f"lapicque/{inside.as_posix()}"] = _lean(text) if path.suffix == ".py" else text
    # So that the page, too, can tell which version it is.
    version = describe()["version"]
    about = f"Metadata-Version: 2.1\nName: lapicque\nVersion: {version}\n"
    files[f"lapicque-{version}.dist-info/METADATA"] = about
    inner = _zipped({name: text.encode() for name, text in files.items()}, zipfile.ZIP_STORED)
    return _zipped({"sources.zip": inner}, zipfile.ZIP_BZIP2)


def _zipped(files: dict[str, bytes], how: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            # Without a date, so that equal files make equal archives.
            archive.writestr(zipfile.ZipInfo(name), content, how, 9)
    return buffer.getvalue()


def _lean(source: str) -> str:
    """Return the program without comments, types and NumPy, and with short docstrings.

    The first line of a public function's is kept: features are described by theirs.
    """
    tree = ast.parse(source)
    _untype(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str() as text) as docstring), *_]:
                    told = isinstance(node, ast.FunctionDef) and node.decorator_list
                    docstring.value = text.split("\n", 1)[0] if told else ""
    return ast.unparse(tree)


def _untype(node: ast.AST) -> None:
    """Take out the types of functions; a class's own tell a dataclass its fields."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        node.returns = None
        every = node.args
        for argument in [*every.posonlyargs, *every.args, *every.kwonlyargs]:
            argument.annotation = None
        for starred in (every.vararg, every.kwarg):
            if starred is not None:
                starred.annotation = None
    body = getattr(node, "body", None)
    if isinstance(body, list):
        left = [inner for inner in body if not _is_for_types(inner)]
        body[:] = [ast.Pass()] if _wants_numpy(node) else left or [ast.Pass()]
        for k, inner in enumerate(() if isinstance(node, ast.ClassDef) else body):
            if isinstance(inner, ast.AnnAssign) and inner.value is not None:
                plain = ast.Assign(targets=[inner.target], value=inner.value)
                body[k] = ast.copy_location(plain, inner)
    for inner in ast.iter_child_nodes(node):
        _untype(inner)


def _is_for_types(node: ast.AST) -> bool:
    """Whether a statement is there for type checkers alone."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in decorators)


def _wants_numpy(node: ast.AST) -> bool:
    """Whether a function begins by importing NumPy, which a page has not: none calls it."""
    if not isinstance(node, ast.FunctionDef):
        return False
    first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
    return isinstance(first, ast.Import) and first.names[0].name == "numpy"


def _start() -> bytes:
    """Return what the page knows before Python has come: the presets, the experiments' pictures."""
    described = describe()
    requests: list[dict[str, Any]] = [{"kind": "describe"}]
    for preset in described["presets"]:
        if "group" in preset:
            continue  # the transfer is small: these wait for Python
        experiments = [entry["experiment"] for entry in preset["variants"][0]["experiments"]]
        run = {"kind": "run", "view": "traces", "experiments": experiments, "window": None}
        requests.append({**run, "width": _WIDTH, "packed": True})
    known = [{"request": request, "reply": answer(request)} for request in requests]
    del known[0]["reply"]["describe"]["parameters"]  # for others: the page draws sliders alone
    for entry in known:
        entry["reply"].pop("elapsed_ms", None)  # the site is the same however long it took
        for result in entry["reply"].get("results", []):
            for packed in result.values():
                if isinstance(packed, dict) and "f4" in packed:
                    data = bytearray(base64.b64decode(packed["f4"]))
                    data[0::4] = bytes(len(data) // 4)
                    data[1::4] = bytes(byte & 0xFC for byte in data[1::4])
                    packed["f4"] = base64.b64encode(data).decode("ascii")
    return json.dumps(known, allow_nan=False, separators=(",", ":")).encode()


# Pyodide's core -----------------------------------------------------------------------------


def _core(folder: Path) -> dict[str, bytes]:
    """Return the files of Pyodide's core from a folder, if it is the right one."""
    try:
        found = json.loads((folder / "package.json").read_text("utf-8"))["version"]
        core = {name: (folder / name).read_bytes() for name in CORE}
    except (OSError, ValueError, LookupError, TypeError):
        raise SiteError(
            f"{brief(os.fspath(folder))} does not have Pyodide's core: it must be the npm package "
            f"pyodide@{PYODIDE}, unpacked"
        ) from None
    if found != PYODIDE:
        raise SiteError(
            f"{brief(os.fspath(folder))} must have Pyodide {PYODIDE} (got {brief(found)}): "
            f"npm install pyodide@{PYODIDE}"
        )
    return core


def fetch_pyodide(folder: Path) -> Path:
    """Download Pyodide's npm package from the npm registry and unpack its core.

    Parameters
    ----------
    folder : Path
        Where to; it must be there.

    Returns
    -------
    Path
        The same folder, to be given to `build`.

    Raises
    ------
    SiteError
        If the download fails or is not what it should be.
    """
    import http.client
    import urllib.request

    try:
        with urllib.request.urlopen(TARBALL, timeout=60) as response:
            packed = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise SiteError(
            f"Pyodide cannot be downloaded from {TARBALL}: {error}. Download pyodide@{PYODIDE} "
            "from npm by other means and name its folder with --pyodide"
        ) from None
    if base64.b64encode(hashlib.sha512(packed).digest()).decode() != TARBALL_SHA512:
        raise SiteError(f"what {TARBALL} sent is not Pyodide {PYODIDE}: its checksum differs")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for name in (*CORE, "package.json"):
            member = archive.extractfile(f"package/{name}")
            if member is not None:
                (folder / name).write_bytes(member.read())
    return folder
