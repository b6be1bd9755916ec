"""The command line: what `lapicque run` prints and writes, and what it says of what is wrong."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import lapicque as lq
from lapicque.cli import main

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
ONE = EXAMPLES / "1_constant_current.toml"
SINE = EXAMPLES / "2b_time_variable_sine.toml"
REFERENCE = json.loads((ROOT / "tests/reference/table.json").read_text("utf-8"))["cases"]
KEYS = {"spike_times", "spike_count", "rate_hz"}


def run(*arguments, code=None, **more):
    """Run a process: `python -m lapicque ...`, or `python -c code`."""
    command = ["-c", code] if code else ["-m", "lapicque"]
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        **more,
    )


def silent(folder):
    path = folder / "silent.toml"
    path.write_text(lq.load(ONE).replace({"current.0.amplitude": 0.1}).to_toml(), "utf-8")
    return path


def nameless(experiment):
    parts = range(len(experiment.current.parts))
    return experiment.replace({f"current.{k}.name": None for k in parts})


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("1_constant_current", 4),
        ("2b_time_variable_sine", 31),
        ("3_two_inputs", 6),
        ("4_intensity_and_duration", 30),
        ("2a_time_variable_tau", None),
    ],
)
def test_the_examples(name, count, capsys):
    """Each example file has the spikes of the design and of the 40-digit reference, to 1e-10 ms."""
    experiment = lq.load(EXAMPLES / f"{name}.toml")
    assert main(["run", str(EXAMPLES / f"{name}.toml"), "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert err == ""
    same = [
        c for c in REFERENCE if lq.Experiment.from_dict(c["experiment"]) == nameless(experiment)
    ]
    assert same, "the reference has no such case"
    expected = list(map(float, same[0]["spike_times"]))
    if count is not None:
        assert len(expected) == count
    assert result["spike_count"] == len(expected)
    assert result["spike_times"] == pytest.approx(expected, abs=1e-10, rel=0)


def test_every_example_is_checked():
    """No example file is left out above; the one of a sweep is in test_sweep.py."""
    assert sorted(p.stem for p in EXAMPLES.glob("[0-9]*.toml")) == [
        "1_constant_current",
        "2a_time_variable_tau",
        "2b_time_variable_sine",
        "3_two_inputs",
        "4_intensity_and_duration",
    ]


def test_json(capsys):
    """--json prints one JSON object with the design's keys and all digits. The truth: the run."""
    assert main(["run", str(ONE), "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out, parse_constant=pytest.fail)
    response = lq.load(ONE).run()
    assert err == ""
    assert out.count("\n") == 1
    assert set(result) >= KEYS
    assert result["spike_times"] == response.spikes.tolist()
    assert result["spike_times"][0] == pytest.approx(21.15113665419389, abs=1e-12)
    assert result["spike_count"] == 4
    assert isinstance(result["spike_count"], int)
    assert result["rate_hz"] == 40.0
    assert result["mean_isi_ms"] == pytest.approx(21.15113665419389, abs=1e-10)


def test_json_of_a_silent_run_has_null(tmp_path, capsys):
    """What a silent run does not have is null, never NaN; its rate is 0."""
    assert main(["run", str(silent(tmp_path)), "--json"]) == 0
    out, _ = capsys.readouterr()
    result = json.loads(out, parse_constant=pytest.fail)
    assert (result["spike_times"], result["spike_count"], result["rate_hz"]) == ([], 0, 0.0)
    assert result["first_spike_ms"] is None
    assert result["mean_isi_ms"] is None
    zero = tmp_path / "zero.toml"
    zero.write_text(lq.load(ONE).replace({"duration": 0.0}).to_toml(), "utf-8")
    assert main(["run", str(zero), "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["rate_hz"] is None


def test_the_summary(tmp_path, capsys):
    """The summary shows neuron, current, count, rate with its unit, and spikes."""
    assert main(["run", str(ONE)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for part in ("LIF", "R_m = 6.4 MOhm", "constant", "0.8 nA", "40 Hz", "21.151137", "4"):
        assert part in out, part
    assert "nan" not in out.lower()
    assert main(["run", str(silent(tmp_path))]) == 0
    out, _ = capsys.readouterr()
    assert "silent" in out
    assert "nan" not in out.lower()


@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("[0-9]*.toml")))
def test_summaries_of_all_examples(name, capsys):
    """Every example has a summary; from a JSON copy of the file too."""
    assert main(["run", str(EXAMPLES / name)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) > 8


def test_json_files_run(tmp_path, capsys):
    """A .json file runs like the .toml file with the same content."""
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(lq.load(SINE).to_dict()), "utf-8")
    outputs = []
    for path in (SINE, copy):
        assert main(["run", str(path), "--json"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_out_csv_json_npz(tmp_path, capsys):
    """--out writes .csv, .json and .npz, several at once, that read back to the same doubles."""
    np = pytest.importorskip("numpy")
    paths = [tmp_path / f"out.{suffix}" for suffix in ("csv", "json", "npz")]
    flags = [word for path in paths for word in ("--out", str(path))]
    assert main(["run", str(SINE), *flags, "--json"]) == 0
    out, err = capsys.readouterr()
    experiment = lq.load(SINE)
    response = experiment.run()
    spikes = response.spikes.tolist()
    assert json.loads(out)["spike_times"] == spikes
    assert all(str(path) in err for path in paths)
    header, *rows = paths[0].read_text("utf-8").splitlines()
    assert header == "spike_time_ms"
    assert list(map(float, rows)) == spikes
    assert len(spikes) == 31
    whole = json.loads(paths[1].read_text("utf-8"), parse_constant=pytest.fail)
    assert whole["spike_times"] == spikes
    assert set(whole) >= KEYS
    assert lq.Experiment.from_dict(whole["experiment"]) == experiment
    with np.load(paths[2]) as data:
        assert data["spike_times"].tolist() == spikes
        assert data["spike_times"].dtype == np.float64
        assert (data["t"][0], data["t"][-1]) == (0.0, 100.0)
        np.testing.assert_array_equal(data["V"], response.voltage(data["t"]))
        np.testing.assert_array_equal(data["I"], response.current(data["t"]))
        stored = lq.Experiment.from_json(str(data["experiment"]))
    assert stored == experiment


def test_out_of_a_silent_run(tmp_path, capsys):
    """A silent run writes files too: no spikes, nulls, no NaN."""
    np = pytest.importorskip("numpy")
    paths = [tmp_path / f"out.{suffix}" for suffix in ("csv", "json", "npz")]
    flags = [word for path in paths for word in ("--out", str(path))]
    assert main(["run", str(silent(tmp_path)), *flags]) == 0
    capsys.readouterr()
    assert paths[0].read_text("utf-8") == "spike_time_ms\n"
    assert json.loads(paths[1].read_text("utf-8"), parse_constant=pytest.fail)["spike_times"] == []
    with np.load(paths[2]) as data:
        assert data["spike_times"].shape == (0,)
        assert np.isfinite(data["V"]).all()


@pytest.mark.parametrize(
    "name", ["1_constant_current", "2a_time_variable_tau", "4_intensity_and_duration"]
)
@pytest.mark.parametrize("suffix", ["png", "svg", "PNG"])
def test_out_figures(name, suffix, tmp_path, capsys):
    """--out writes real pictures: a PNG with a size, an SVG with the axes' words in it."""
    pytest.importorskip("matplotlib")
    path = tmp_path / f"figure.{suffix}"
    assert main(["run", str(EXAMPLES / f"{name}.toml"), "--out", str(path)]) == 0
    capsys.readouterr()
    raw = path.read_bytes()
    if suffix.lower() == "png":
        assert raw.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", raw[16:24])
        assert width > 500
        assert height > 300
        assert raw.endswith(b"IEND\xaeB`\x82")
    else:
        assert ET.fromstring(raw).tag == "{http://www.w3.org/2000/svg}svg"
        assert len(raw) > 5000


def one_line(err):
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("name", ["out.txt", "out", ".csv", "out.csv.gz", "out.pdf", ""])
def test_an_unknown_suffix(name, tmp_path, capsys):
    """A suffix that cannot be written is refused before the run, with the known ones."""
    path = str(tmp_path / name) if name else ""
    assert main(["run", str(ONE), "--out", path]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(s in one_line(err) for s in ("--out", ".csv", ".json", ".npz", ".png", ".svg"))


def test_where_nothing_can_be_written(tmp_path, capsys):
    """A missing folder, a folder in the file's place, and a name that is too long, are one line
    that names the file; nothing stands on stdout."""
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for suffix in ("csv", "json", "npz", "png", "svg"):
        if suffix in ("png", "svg"):
            pytest.importorskip("matplotlib")
        for path in (tmp_path / "missing" / f"x.{suffix}", tmp_path / f"{'x' * 300}.{suffix}"):
            assert main(["run", str(ONE), "--out", str(path)]) == 2
            out, err = capsys.readouterr()
            assert out == ""
            assert "cannot be written" in one_line(err)
            assert str(path) in err
    assert main(["run", str(ONE), "--out", str(folder)]) == 2
    assert "cannot be written" in one_line(capsys.readouterr().err)
    assert main(["run", str(ONE), "--out", str(tmp_path / "a\0b.csv")]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="POSIX rights")
def test_an_unwritable_folder(tmp_path, capsys):
    """A folder without the right to write is one line that names the file."""
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    try:
        assert main(["run", str(ONE), "--out", str(tmp_path / "x.csv")]) == 2
    finally:
        tmp_path.chmod(0o700)
    assert "x.csv" in one_line(capsys.readouterr().err)


def test_a_figure_names_what_spikes_leave_behind_and_kicks(tmp_path):
    """In its legend, with the largest jump; not where there are none."""
    pytest.importorskip("matplotlib")
    from lapicque.plot import plot

    def words(experiment):
        (legend,) = plot(experiment.run()).legends
        return [text.get_text() for text in legend.get_texts()]

    plain = lq.load(ONE)
    assert not {"after-spike current", "kicks, up to 4 mV"} & {*words(plain)}
    current = lq.constant(0.5) + lq.kicks([20.0, 50.0], jump=-4.0)
    found = words(lq.Experiment(lq.GLIF(level=3), current, 100.0))
    assert found[:2] == ["after-spike current", "kicks, up to 4 mV"]


def test_without_matplotlib_it_says_what_to_install(tmp_path):
    """Without matplotlib a figure is refused with the command that installs it, and `run` works."""
    code = (
        "import sys; sys.modules['matplotlib'] = None; sys.modules['matplotlib.figure'] = None\n"
        "from lapicque.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    figure = tmp_path / "x.png"
    done = run("run", ONE, "--out", figure, code=code)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'lapicque[plot]'" in one_line(done.stderr)
    assert "x.png" in done.stderr
    assert not figure.exists()
    assert run("run", ONE, "--json", code=code).returncode == 0


def test_without_numpy(tmp_path):
    """Without NumPy `run` prints, and writes .csv and .json; .npz is one line that says why not."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from lapicque.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    good = run(
        "run", SINE, "--json", "--out", tmp_path / "x.csv", "--out", tmp_path / "x.json", code=code
    )
    assert good.returncode == 0, good.stderr
    assert len(json.loads(good.stdout)["spike_times"]) == 31
    bad = run("run", SINE, "--out", tmp_path / "x.npz", code=code)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "numpy" in one_line(bad.stderr).lower()


def test_numpy_is_not_imported_by_run_json():
    """`run --json` imports neither NumPy nor matplotlib nor the lab's server, and little else."""
    code = (
        "import sys\nfrom lapicque.cli import main\nstatus = main(sys.argv[1:])\n"
        "heavy = {'numpy', 'matplotlib', 'scipy', 'starlette', 'uvicorn', 'asyncio', 'tomli_w'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\nsys.exit(status)"
    )
    for example in sorted(EXAMPLES.glob("[0-9]*.toml")):
        done = run("run", example, "--json", code=code)
        assert done.returncode == 0
        assert done.stderr.strip() == "[]"


def test_version(capsys):
    """--version prints the package's version and exits 0."""
    from importlib.metadata import version

    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert (
        capsys.readouterr().out
        == f"lapicque {version('lapicque')}\n"
        == f"lapicque {lq.__version__}\n"
    )


def test_no_command_prints_the_help(capsys):
    """Without a command the help is printed, with both commands, and the exit status is 0."""
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(word in out for word in ("usage", "run", "lab", "--version", "--help"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["run", "lab", "--version", "--help"]),
        (
            ["run"],
            [
                "FILE",
                "--preset",
                "glif5",
                "--json",
                "--out",
                ".csv",
                ".npz",
                ".png",
                ".svg",
                "duration",
                "[neuron]",
                "nA",
            ],
        ),
        (["sweep"], ["--out", ".zarr", ".csv", "--resume", "--dask", "--block-size", "--quiet"]),
        (["lab"], ["--no-browser", "--port", "browser"]),
    ],
)
def test_help_names_every_option(command, words, capsys):
    """--help of every command names its options and exits 0."""
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert all(word in out for word in words)


def test_a_preset_is_run_by_its_name(capsys):
    """As its file would be; an unknown one is refused in one line, with the likeliest."""
    assert main(["run", "--preset", "nest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spike_count"] == 12
    assert main(["run", "--preset", "nst"]) == 2
    assert "Did you mean `nest`?" in one_line(capsys.readouterr().err)


def test_the_experiment_in_the_help_runs(capsys, tmp_path):
    """The file that the help of `run` shows is an experiment that runs."""
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    out = capsys.readouterr().out
    lines = [line[4:] for line in out.splitlines() if line.startswith("    ")]
    first = next(k for k, line in enumerate(lines) if line.startswith("duration"))
    last = next(k for k, line in enumerate(lines) if line.startswith("amplitude"))
    path = tmp_path / "help.toml"
    path.write_text("\n".join(lines[first : last + 1]), "utf-8")
    assert main(["run", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spike_count"] > 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["simulate"], "simulate"),
        (["run"], "FILE"),
        (["run", "--preset", "nest", "a.toml"], "FILE"),
        (["run", "a.toml", "b.toml"], "b.toml"),
        (["run", "--jsn", "a.toml"], "--jsn"),
        (["run", "a.toml", "--out"], "--out"),
        (["sweep", "a.toml"], "--out"),
        (["sweep", "a.toml", "--out", "a.zarr", "--block-size", "0"], "--block-size"),
        (["lab", "--port", "x"], "--port"),
        (["lab", "--port", "70000"], "70000"),
        (["lab", "--port", "-1"], "--port"),
        (["lab", "--port", "٣"], "--port"),
        (["lab", "--port", "9" * 5000], "--port"),
        (["--nonsense"], "--nonsense"),
        (["run", "a.toml", "--json=1"], "--json"),
        (["run", "a.toml", "b\nc.toml"], "b"),
    ],
    ids=lambda v: " ".join(v)[:20] if isinstance(v, list) else "",
)
def test_wrong_arguments_are_one_line(arguments, named, capsys):
    """Arguments that nothing understands give exit 2 and one short line that names them."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert named in one_line(err)
    assert len(err) < 500


def test_files_that_are_none(tmp_path, capsys):
    """A missing file, a folder and an empty file give exit 2 and one line that names the file."""
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    newline = tmp_path / "new\nline.toml"
    for path in (tmp_path / "missing.toml", tmp_path, empty, tmp_path / "a\0b.toml", newline):
        for flags in ([], ["--json"]):
            assert main(["run", str(path), *flags]) == 2
            out, err = capsys.readouterr()
            assert out == ""
            one_line(err)
            if "\n" not in str(path) and "\0" not in str(path):
                assert str(path) in err
    assert main(["run", ""]) == 2
    one_line(capsys.readouterr().err)


@pytest.mark.skipif(os.name == "nt", reason="POSIX names")
def test_a_name_that_is_not_utf8(tmp_path):
    """A file name of bytes that are no UTF-8 is read, or refused in one line."""
    name = os.fsencode(tmp_path) + b"/\xff.toml"
    with open(name, "wb") as file:
        file.write(ONE.read_bytes())
    for command in ([name], [name, b"--out", name + b".csv"], [name + b"missing"]):
        done = subprocess.run(
            [sys.executable, "-m", "lapicque", "run", *command],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == (2 if command[0].endswith(b"missing") else 0)


def test_python_m_lapicque():
    """`python -m lapicque` is the command line: same output, same exit status."""
    done = run("run", ONE, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["spike_count"] == 4
    wrong = run("run", "missing.toml")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    one_line(wrong.stderr)
    assert run("walk").returncode == 2
    assert run().returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_reader_that_leaves_early(flags, tmp_path):
    """A reader that closes the pipe, at once or after some bytes, gets no traceback."""
    long = tmp_path / "long.toml"
    long.write_text(lq.load(ONE).replace({"duration": 1e6}).to_toml(), "utf-8")
    for taken in (0, 1, 100):
        process = subprocess.Popen(
            [sys.executable, "-m", "lapicque", "run", str(long), *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if taken:
            process.stdout.read(taken)
        process.stdout.close()
        err = process.stderr.read().decode()
        process.stderr.close()
        process.wait(60)
        assert err == "", err


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("arguments", [["--help"], [], ["run", "--help"], ["--version"]])
def test_help_into_a_closed_pipe(arguments):
    """Help and version into a pipe that is closed already give no traceback."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "lapicque", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert process.stderr.decode() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line():
    """Output onto a full disk is one line and exit 2, not success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lapicque", "run", str(ONE), "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    one_line(done.stderr)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_plain_terminal_can_print_it(flags):
    """The summary prints in a terminal that knows ASCII only."""
    done = run(
        "run", ONE, *flags, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_in_a_plain_terminal(tmp_path):
    """An error with letters beyond ASCII is one line in a terminal that knows ASCII only."""
    path = tmp_path / "x.toml"
    path.write_text('duration = "fünf µs"\nneuron = {model = "LIF"}\ncurrent = []\n', "utf-8")
    done = run("run", path, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 2
    assert "'duration'" in one_line(done.stderr)


def test_rates_are_right(tmp_path, capsys):
    """rate is count/duration, steady_rate the closed form: R_m 40 MOhm, tau_m 10 ms, t_ref 2 ms and
    0.5 nA give a period of 15.862943611198906 ms (the design)."""
    neuron = lq.LIF(R_m=40.0, tau_m=10.0, E_L=-70.0, V_reset=-70.0, V_th=-55.0, t_ref=2.0)
    path = tmp_path / "x.toml"
    path.write_text(lq.Experiment(neuron, lq.constant(0.5), 1000.0).to_toml(), "utf-8")
    assert main(["run", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["mean_isi_ms"] == pytest.approx(15.862943611198906, abs=1e-11)
    assert result["steady_rate_hz"] == pytest.approx(1000 / 15.862943611198906, rel=1e-14)
    assert result["rate_hz"] == result["spike_count"] == math.floor(1002 / 15.862943611198906)
