"""The command line: ``lapicque run``, ``sweep``, ``lab`` and ``site``."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import ExperimentError, LapicqueError, brief
from .experiment import Experiment
from .features import features
from .link import is_link, load, read, write
from .presets import preset, presets

if TYPE_CHECKING:
    import xarray as xr

    from .response import Response

_RUN_HELP = """\
Simulate one neuron and print what it did.

An experiment is a small text file (TOML) that says which neuron, which current and how long:

    duration = 100.0            # ms
    [neuron]
    model = "LIF"               # leaky integrate-and-fire
    R_m = 10.0                  # membrane resistance, MOhm
    C_m = 1.0                   # membrane capacitance, nF
    [[current]]
    kind = "constant"
    amplitude = 1.6             # nA

Numbers are in ms, mV, nA, MOhm, nF and Hz; "30 pA" in quotes works too.  The folder examples/
has one file for each experiment of the classroom notebook.
"""

_RUN_EPILOG = """\
examples:
  lapicque run experiment.toml                    a summary to read
  lapicque run experiment.toml --json             {"spike_times": [...], "spike_count": ...}
  lapicque run --preset nest                      a neuron with published numbers
  lapicque run experiment.toml --out figure.png   current, potential and spikes as a picture
"""

_SWEEP_HELP = """\
Run an experiment at every point of a grid of its parameters.

The file is an experiment (see `lapicque run --help`) with a table [sweep]:

    [sweep]
    features = ["spike_count", "rate"]       # also "spike_times", and "voltage" at `times`
    [[sweep.axis]]
    path = "current.0.amplitude"
    start = 0.5                              # nA
    stop = 3.0
    count = 51                               # spacing = "log" for even ratios
    [[sweep.axis]]
    path = "neuron.R_m"
    values = [5.0, 10.0, 20.0]               # MOhm

Several axes form the product. `paths` in place of `path`, and one list of values for each, vary
together.
"""

_SWEEP_EPILOG = """\
examples:
  lapicque sweep sweep.toml --out sweep.zarr             results in a Zarr store, for xarray
  lapicque sweep sweep.toml --out sweep.zarr --resume    go on after a crash, or do nothing
  lapicque sweep sweep.toml --out sweep.csv              one line for each neuron
"""

# Lines in a .csv: more is no file to open in a spreadsheet.
_MOST_LINES = 1_000_000


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        line = line if len(line) <= 300 else f"{line[:300]}..."
        self.exit(2, f"{self.prog}: {line} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, or 2 with one line on stderr."""
    try:
        parser = _parser()
        try:
            given = parser.parse_args(arguments)
            if not hasattr(given, "command"):
                parser.print_help()
                return 0
            status: int = given.command(given)
            return status
        finally:
            sys.stdout.flush()
    except LapicqueError as error:
        print(f"lapicque: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        _abandon_stdout()
        return 0
    except OSError as error:
        _abandon_stdout()
        reason = error.strerror or error
        print(f"lapicque: the output cannot be written: {reason}", file=sys.stderr)
        return 2


def _abandon_stdout() -> None:
    # What is left in the buffer would fail again when the interpreter flushes it at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="lapicque",
        description="The laboratory for integrate-and-fire neurons: exact spike times, no time "
        "step. Start with `lapicque lab` and drag the sliders.",
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    run = commands.add_parser(
        "run",
        help="simulate an experiment file",
        description=_RUN_HELP,
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_source(run, "an experiment: .toml, .json, or a link from the lab", required=True)
    run.add_argument("--json", action="store_true", help="print the result as JSON")
    run.add_argument(
        "--out",
        metavar="FILE",
        action="append",
        default=[],
        help="also write the result: .csv and .json (spikes), .npz (spikes, V and I), .png and "
        ".svg (a figure); may be given several times",
    )
    run.set_defaults(command=_run)
    sweep = commands.add_parser(
        "sweep",
        help="simulate an experiment over a grid of its parameters",
        description=_SWEEP_HELP,
        epilog=_SWEEP_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sweep.add_argument("sweep", metavar="FILE", help="an experiment with a table [sweep]")
    sweep.add_argument(
        "--out",
        metavar="FILE",
        required=True,
        help="where the results go: .zarr (a store, block by block) or .csv (numbers only)",
    )
    sweep.add_argument("--resume", action="store_true", help="go on with a .zarr that was stopped")
    sweep.add_argument("--dask", metavar="ADDRESS", help="compute on the cluster of this scheduler")
    sweep.add_argument(
        "--block-size", metavar="N", type=_count, help="at most so many neurons at a time"
    )
    sweep.add_argument("--quiet", action="store_true", help="show no progress bar")
    sweep.set_defaults(command=_sweep)
    lab = commands.add_parser(
        "lab",
        help="open the laboratory in the browser",
        description="Open the laboratory in the browser: sliders, plots and exact spikes, served "
        "to this computer only. Ctrl+C stops it.",
    )
    _add_source(
        lab, "an experiment to open: .toml, .json or a link; else the lab's own", required=False
    )
    lab.add_argument("--no-browser", action="store_true", help="do not open the browser")
    lab.add_argument(
        "--port",
        type=_port,
        default=None,
        metavar="N",
        help="the port (8907 if not given, or a free one)",
    )
    lab.set_defaults(command=_lab)
    site = commands.add_parser(
        "site",
        help="write the laboratory as a static page for any web server",
        description="Write the laboratory as a static page: Python runs in the browser, nothing "
        "is installed, and after the first visit it works offline. Put the folder on any web "
        "server, under any path.",
    )
    site.add_argument(
        "folder", type=_folder, metavar="DIR", help="the folder to write; other files in it stay"
    )
    site.add_argument(
        "--offline",
        action="store_true",
        help="put Pyodide (Python for the browser, 13 MB) beside the page, from the npm registry; "
        "else the page loads it from its public address",
    )
    site.add_argument(
        "--pyodide",
        type=_folder,
        metavar="DIR",
        help="take Pyodide from this folder, its npm package unpacked; goes with --offline",
    )
    site.add_argument("--serve", action="store_true", help="then serve it to this computer")
    site.add_argument("--no-browser", action="store_true", help="do not open the browser")
    site.add_argument(
        "--port",
        type=_port,
        default=None,
        metavar="N",
        help="the port to serve at (8908 if not given, or a free one)",
    )
    site.set_defaults(command=_site)
    return parser


def _add_source(command: argparse.ArgumentParser, file: str, required: bool) -> None:
    source = command.add_mutually_exclusive_group(required=required)
    source.add_argument("experiment", metavar="FILE", nargs="?", help=file)
    source.add_argument(
        "--preset",
        metavar="NAME",
        help=f"in place of FILE, a neuron with published numbers: {', '.join(presets())}",
    )


class _Version(argparse.Action):
    """Print the version; look it up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from . import __version__

        print(f"lapicque {__version__}")
        parser.exit(0)


def _port(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= 5
    if not digits or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a port number in [0, 65535] (got {brief(text)})")
    return int(text)


def _count(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= 12
    if not digits or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1 (got {brief(text)})")
    return int(text)


def _folder(text: str) -> str:
    # Of a variable that is not set; it would stand for the present folder.
    if not text:
        raise argparse.ArgumentTypeError("must be the name of a folder (got '')")
    return text


def _lab(given: argparse.Namespace) -> int:
    from .lab.server import serve

    fragment = ""
    if given.experiment is not None or given.preset is not None:
        where, listed = _asked(given)
        try:
            fragment = write(listed)
        except LapicqueError as error:
            raise ExperimentError(f"{where}: {error}") from None
    serve(given.port or 0, not given.no_browser, fragment=fragment)
    return 0


def _site(given: argparse.Namespace) -> int:
    import tempfile
    from pathlib import Path

    from .lab.site import build, fetch_pyodide
    from .lab.site_server import serve_site

    folder = Path(given.folder)
    if given.pyodide is not None or not given.offline:
        written = build(folder, None if given.pyodide is None else Path(given.pyodide))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            written = build(folder, fetch_pyodide(Path(temporary)))
    size = sum(path.stat().st_size for path in written)
    print(f"wrote {len(written)} files, {size / 1e6:.1f} MB, to {folder}", file=sys.stderr)
    if given.serve:
        serve_site(folder, given.port, not given.no_browser)
    return 0


def _run(given: argparse.Namespace) -> int:
    for path in given.out:
        if _suffix(path) not in _WRITERS:
            raise ExperimentError(
                f"'--out' must end in one of {', '.join(_WRITERS)} (got {brief(path)})"
            )
    where, listed = _asked(given)
    experiment = listed[0]
    try:
        response = experiment.run()
    except LapicqueError as error:
        raise ExperimentError(f"{where}: {error}") from None
    if len(listed) > 1:
        print(f"{where} holds {len(listed)} experiments: this is the first", file=sys.stderr)
    for path in given.out:
        try:
            _WRITERS[_suffix(path)](path, experiment, response)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ExperimentError(f"{path}: cannot be written: {reason}") from None
        except ImportError as error:
            raise ExperimentError(f"{path}: {error}") from None
    if given.json:
        print(_json(response))
    else:
        _say(_summary(experiment, response))
    for path in given.out:
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _sweep(given: argparse.Namespace) -> int:
    from .grid import dimensions
    from .sweepfile import read_sweep
    from .sweeps import sweep

    out, suffix = given.out, _suffix(given.out)
    if suffix not in (".zarr", ".csv"):
        cure = ". For netCDF write a .zarr; xarray turns it into one" if suffix == ".nc" else ""
        raise ExperimentError(f"'--out' must end in .zarr or .csv (got {brief(out)}){cure}")
    if given.resume and suffix == ".csv":
        raise ExperimentError("'--resume' goes on with a .zarr; a .csv is written at the end")
    try:
        asked = read_sweep(given.sweep)
        if suffix == ".csv" and {"spike_times", "voltage"} & {*asked.features}:
            raise ExperimentError("spike_times and voltage do not fit into a .csv: write a .zarr")
        lines = math.prod(d.size for d in dimensions(asked.experiment, asked.axes))
        if suffix == ".csv" and lines > _MOST_LINES:
            rule = f"{lines} neurons are too many for a .csv (at most {_MOST_LINES})"
            raise ExperimentError(f"{rule}: write a .zarr")
        if suffix == ".csv":
            _make_room(out)
        dataset = sweep(
            asked.experiment,
            asked.axes,
            asked.features,
            times=asked.times,
            discard=asked.discard,
            store=out if suffix == ".zarr" else None,
            resume=given.resume,
            client=given.dask,
            block_size=given.block_size,
            progress=False if given.quiet else None,
        )
    except LapicqueError as error:
        raise ExperimentError(f"{given.sweep}: {error}") from None
    except KeyboardInterrupt:
        more = "; --resume goes on" if suffix == ".zarr" else ""
        print(f"lapicque: stopped{more}", file=sys.stderr)
        return 130
    if suffix == ".csv":
        _write_table(out, dataset)
    _say(_sweep_summary(asked.experiment, dataset))
    print(f"wrote {out}", file=sys.stderr)
    return 0


def _make_room(path: str) -> None:
    """Make the folders of a table, and raise if it cannot be written: before hours of computing."""
    from pathlib import Path

    try:
        new = not os.path.lexists(path)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a"):
            pass
        if new:
            os.remove(path)
    except OSError as error:
        raise ExperimentError(f"{path}: cannot be written: {error.strerror or error}") from None


def _write_table(path: str, dataset: xr.Dataset) -> None:
    try:
        dataset.to_dataframe().reset_index().to_csv(path, index=False, lineterminator="\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExperimentError(f"{path}: cannot be written: {reason}") from None


def _sweep_summary(experiment: Experiment, dataset: xr.Dataset) -> str:
    sizes = {n: size for n, size in dataset.sizes.items() if n not in ("time", "spike")}
    sizes = {n: size for n, size in sizes.items() if not str(n).endswith(".sample")}
    lines = [
        f"{experiment.neuron}, varied:",
        *(f"{name!s:>12}  {size} values" for name, size in sizes.items()),
        f"{math.prod(sizes.values())} neurons, {experiment.duration:g} ms",
        "",
    ]
    for name in dataset.attrs["features"].split():
        values = dataset[name]
        unit = "" if values.attrs["units"] == "1" else f" {values.attrs['units']}"
        if values.size and int(values.notnull().sum()):
            low, mean, high = (float(f()) for f in (values.min, values.mean, values.max))
            shown = f"{low:.6g} to {high:.6g}{unit}, mean {mean:.6g}{unit}"
        else:
            shown = "-"
        lines.append(f"{name:>12}  {shown}")
    return "\n".join(lines)


def _say(text: str) -> None:
    """Print a text that may have characters which the terminal's encoding has not."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _asked(given: argparse.Namespace) -> tuple[str, Sequence[Experiment]]:
    """Return the experiments of the file, link or preset, and what to call it in messages."""
    if given.preset is None:
        return _loaded(given.experiment)
    return f"--preset {given.preset}", [preset(given.preset)]


def _loaded(text: str) -> tuple[str, Sequence[Experiment]]:
    """Return the experiments of a file or a link, and what to call it in messages."""
    is_file = os.path.lexists(text) or not is_link(text)
    where = text if is_file else "the link"  # which is long, and no name
    try:
        return where, [load(text)] if is_file else read(text).experiments
    except LapicqueError as error:
        raise ExperimentError(f"{where}: {error}") from None


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _result(response: Response) -> dict[str, Any]:
    result: dict[str, Any] = {"spike_times": list(response.spikes)}
    for name, feature in features().items():
        value: float | int | None = feature.function(response)
        if name == "spike_count":
            value = response.spike_count
        elif value is not None and not math.isfinite(value):
            value = None
        result[f"{name}_{feature.unit.lower()}" if feature.unit else name] = value
    result["grazes"] = list(response.grazes)
    return result


def _json(response: Response) -> str:
    import json

    return json.dumps(_result(response), allow_nan=False)


def _write_csv(path: str, experiment: Experiment, response: Response) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("spike_time_ms\n")
        file.writelines(f"{t!r}\n" for t in response.spikes)


def _write_json(path: str, experiment: Experiment, response: Response) -> None:
    import json

    whole = {"experiment": experiment.to_dict(), **_result(response)}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(whole, file, allow_nan=False)
        file.write("\n")


def _write_npz(path: str, experiment: Experiment, response: Response) -> None:
    import json

    import numpy as np

    t = np.linspace(response.start, response.stop, 10_001)
    np.savez_compressed(
        path,
        spike_times=response.spike_times,
        t=t,
        V=response.voltage(t),
        I=response.current(t),
        experiment=np.array(json.dumps(experiment.to_dict())),
    )


def _write_figure(path: str, experiment: Experiment, response: Response) -> None:
    from .plot import plot

    plot(response).savefig(path, dpi=150)


_WRITERS: dict[str, Callable[[str, Experiment, Response], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".npz": _write_npz,
    ".png": _write_figure,
    ".svg": _write_figure,
}


def _summary(experiment: Experiment, response: Response) -> str:
    from .lab.sentence import sentence
    from .parameter import parameters

    lines = [str(experiment.neuron)]
    for part in experiment.current.parts:
        described = parameters(type(part))
        values = (
            f"{name} = {brief(value)} {described[name].unit if name in described else ''}".rstrip()
            for name, value in part.to_dict().items()
            if name != "kind"
        )
        lines.append(f"current: {part.kind} ({', '.join(values)})")
    lines.append(f"{response.method.name}, {experiment.duration:g} ms")
    lines += ["", sentence(experiment, response), ""]
    for name, feature in features().items():
        value = feature.function(response)
        shown = "-" if math.isnan(value) else f"{value:.10g} {feature.unit}".rstrip()
        lines.append(f"{name:>12}  {shown:<24}{feature.meaning}")
    if response.spikes:
        shown_spikes = [f"{t:.6f}" for t in response.spikes[:8]]
        if response.spike_count > 8:
            shown_spikes += ["...", f"{response.spikes[-1]:.6f}"]
        lines += ["", f"spike times (ms): {'  '.join(shown_spikes)}"]
    if response.grazes:
        times = ", ".join(f"{t:.6f}" for t in response.grazes[:4])
        lines.append(
            f"V comes closer to the threshold than doubles can tell near {times} ms: a touch there "
            "may or may not be a spike."
        )
    return "\n".join(lines)
