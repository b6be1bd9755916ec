"""Share links: what is written is read again, and what is no link is said to be none, quickly.

Links are written here by other code than the package's: zlib and json alone.
"""

import base64
import copy
import dataclasses
import io
import json
import random
import re
import string
import time
import tomllib
import zlib
from pathlib import Path

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import cli, link, pieces
from lapicque.link import LinkError, is_link, read, write

ROOT = Path(__file__).parent.parent
EXPERIMENT = lq.Experiment(lq.LIF(), lq.constant(1.7), 100.0)
DATA = {"experiments": [EXPERIMENT.to_dict()]}
HOME = "https://example.org/lab/#"


def pack(data, version="1", level=9):
    """A link around data that is anything: a text, bytes, or what becomes JSON."""
    raw = data if isinstance(data, (str, bytes)) else json.dumps(data, separators=(",", ":"))
    raw = raw.encode() if isinstance(raw, str) else raw
    return f"{version}.{text_of(zlib.compress(raw, level)[2:-4])}"


def text_of(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unpack(text):
    version, payload = text.split(".")
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return version, json.loads(zlib.decompress(raw, wbits=-15))


# There and back -----------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(data=st.data(), count=st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(data, count):
    """Any experiments with their method, names, view and a plain state; in every form of address.

    The truth is what went in."""
    experiments = [
        dataclasses.replace(
            data.draw(strategies.free_experiments()),
            method=data.draw(st.none() | strategies.methods()),
        )
        for _ in range(count)
    ]
    names = [data.draw(NAMES) for _ in range(count)] if data.draw(st.booleans()) else []
    view = data.draw(st.none() | st.sampled_from(["traces", "f-I"]))
    lab = data.draw(st.none() | st.dictionaries(st.text("abc"), JSON, max_size=3))
    text = write(experiments, names, view, lab)
    assert re.fullmatch(r"1\.[A-Za-z0-9_-]+", text)
    for address in (text, f"#{text}", f"{HOME}{text}", f"  http://127.0.0.1:8907/#{text}\n"):
        found = read(address)
        assert found == link.Link(tuple(experiments), tuple(names), view, lab)
        assert is_link(address)


@given(experiment=strategies.experiments())
@settings(max_examples=50, deadline=None)
def test_a_link_is_the_file_in_other_clothes(experiment):
    """Unpacked by hand it holds the experiment's dict; loaded it is the experiment of its TOML."""
    version, data = unpack(write(experiment))
    assert (version, data) == ("1", {"experiments": [json.loads(json.dumps(experiment.to_dict()))]})
    assert lq.load(write(experiment)) == lq.Experiment.from_toml(experiment.to_toml())


@pytest.mark.parametrize("level", [0, 1, 9])
def test_links_of_other_writers_are_read(level):
    """Any DEFLATE stream will do, blank space in the JSON and escapes in its texts too."""
    data = {**DATA, "names": ["é \U0001f9e0"], "view": None, "lab": None}
    for raw in (data, json.dumps(data, indent=2), json.dumps(data, ensure_ascii=False)):
        assert read(pack(raw, level=level)) == link.Link((EXPERIMENT,), ("é \U0001f9e0",))


def test_the_address_is_that_of_the_project():
    """`url` leads to the page that pyproject names, where the package is installed."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert link.address() in (urls["Lab"], None)
    before, _, text = link.url(EXPERIMENT).partition("#")
    assert before == (link.address() or "")
    assert read(text).experiments == (EXPERIMENT,)


# load and the command line ------------------------------------------------------------------


def test_load_takes_a_link_or_a_file(tmp_path, monkeypatch):
    """A file that is there comes first, even if it is named like a link; of several experiments
    the first is taken."""
    monkeypatch.chdir(tmp_path)
    other = EXPERIMENT.replace({"duration": 7.0})
    text = write([EXPERIMENT, other], ["a", "b"])
    for form in (text, f"#{text}", f"{HOME}{text}"):
        assert lq.load(form) == EXPERIMENT
    name = f"#{write(EXPERIMENT)}"[:200]
    (tmp_path / name).write_text(other.to_toml(), "utf-8")
    assert lq.load(name) == other
    (tmp_path / "1.toml").write_text(other.to_toml(), "utf-8")
    assert lq.load("1.toml") == other


@pytest.mark.parametrize("name", ["2.toml", "missing.toml", "", "#", "a#1", "#traces"])
def test_what_has_not_the_shape_of_a_link_is_a_file(name):
    """Its message is about a file then."""
    assert not is_link(name)
    with pytest.raises(lq.ExperimentError, match="the file cannot be read"):
        lq.load(name)


@pytest.mark.parametrize(
    "text", ["https://example.org/", "https://x/#1.a b", "#1.", "#1.a%3D", "#1.a=", "#9.$", "#1.\n"]
)
def test_a_damaged_link_is_not_taken_for_a_file(text):
    """Its message is about the link."""
    assert is_link(text)
    with pytest.raises(LinkError, match="link"):
        lq.load(text)


def test_the_command_line_tells_of_several_experiments(capsys):
    """Only the first is run."""
    other = EXPERIMENT.replace({"duration": 7.0})
    assert cli.main(["run", f"#{write([EXPERIMENT, other], ['a', 'b'])}", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["spike_times"] == list(EXPERIMENT.run().spikes)
    assert said.err == "the link holds 2 experiments: this is the first\n"


def test_a_name_of_a_link_that_the_terminal_has_not(monkeypatch):
    """As where Windows writes into a pipe: it is escaped."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="cp1252"))
    named = EXPERIMENT.replace({"current": lq.constant(1.7, name="größe日")})
    assert cli.main(["run", write(named)]) == 0
    assert r"größe\u65e5" in written.getvalue().decode("cp1252")


def test_the_command_line_runs_a_link(capsys):
    """The spikes of the experiment itself; a bad link is one line that does not repeat it."""
    assert cli.main(["run", f"{HOME}{write(EXPERIMENT)}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spike_times"] == list(EXPERIMENT.run().spikes)
    negative = {**EXPERIMENT.to_dict(), "duration": -1.0}
    for bad, words in (
        (pack(DATA)[:-9], "the link: the link is damaged"),
        (pack(DATA, "9"), "newer lapicque"),
        (pack({"experiments": [negative]}), "the link: 'duration' must be"),
    ):
        assert cli.main(["run", f"#{bad}"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert words in said.err
        assert said.err.count("\n") == 1
        assert len(said.err) < 250


# Limits, on both sides ----------------------------------------------------------------------


def noisy(count):
    """An experiment whose text hardly packs."""
    draw = random.Random(7)
    times = sorted(draw.random() for _ in range(count))
    values = [draw.random() for _ in range(count)]
    return lq.Experiment(lq.LIF(), lq.sampled(times, values), 1.0)


def test_too_long_a_link_is_not_written():
    """The message says how long it would be, and what to do; the longest that fits is read."""
    long = noisy(2000)
    with pytest.raises(LinkError, match=r"would be \d{5} characters long.*TOML") as caught:
        write(long)
    length = int(re.search(r"would be (\d+)", str(caught.value))[1])
    raw = json.dumps({"experiments": [long.to_dict()]}, separators=(",", ":")).encode()
    assert length == pytest.approx(len(zlib.compress(raw, 9)) * 4 / 3, rel=0.01)
    most = max(n for n in range(400, 800, 10) if writes(noisy(n)))
    assert read(write(noisy(most))).experiments[0] == noisy(most)
    assert 15_000 < len(write(noisy(most))) <= link.MAX_CHARACTERS


def writes(experiment):
    try:
        return bool(write(experiment))
    except LinkError:
        return False


def test_what_unpacks_to_too_much_is_neither_written_nor_read():
    """200,000 bytes are read, one more is not, and half a gigabyte costs no time."""
    blank = pack(json.dumps(DATA) + " " * (link.MAX_BYTES - len(json.dumps(DATA))))
    assert read(blank).experiments == (EXPERIMENT,)
    too_much = pack(json.dumps(DATA) + " " * (link.MAX_BYTES - len(json.dumps(DATA)) + 1))
    began = time.perf_counter()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(11)), packer.flush()])
    for bad in (too_much, f"1.{text_of(bomb)}"):
        with pytest.raises(LinkError, match="more than 200000 bytes"):
            read(bad)
    assert time.perf_counter() - began < 1.0
    with pytest.raises(LinkError, match="200000 bytes"):
        write(EXPERIMENT, lab={"a": " " * 300_000})


def test_depth_is_limited_before_anything_recurses():
    """64 levels are read, 65 are not, nor are a hundred thousand, whatever the texts hold."""
    deep = []
    for _ in range(link.MAX_DEPTH - 3):
        deep = [deep]
    data = {**DATA, "lab": {"a": deep, "text": '[[{"\\' * 200}}
    assert read(write(EXPERIMENT, lab=data["lab"])).lab == data["lab"]
    assert read(pack(data)).lab == data["lab"]
    data["lab"]["a"] = [[deep]]
    for attempt in (
        lambda: read(pack(data)),
        lambda: write(EXPERIMENT, lab=data["lab"]),
        lambda: read(pack('{"experiments":' + "[" * 99_000)),
        lambda: read(pack('{"lab":' + '{"a":' * 30_000)),
    ):
        with pytest.raises(LinkError, match="at most 64 deep"):
            attempt()
    endless = {}
    endless["a"] = endless
    with pytest.raises(LinkError, match="plain JSON"):
        write(EXPERIMENT, lab=endless)


def test_products_that_multiply_without_end_are_refused(monkeypatch):
    """Each level triples the terms: 400 characters would else be years of work."""
    monkeypatch.setattr(pieces, "MAX_TERMS", 2_000)
    shapes = [{"kind": "decay", "amplitude": 1.0, "tau": 1.0}]
    current = [*shapes, {"kind": "sine", "amplitude": 1.0, "frequency": 1.0}]
    for k in range(18):
        wave = {"kind": "sine", "amplitude": 1.0, "frequency": 7.0**k % 999.0}
        current = [{"kind": "product", "factors": [current, [*shapes, wave]]}]
    with pytest.raises(LinkError, match="more than 2000 exponential terms"):
        read(pack({"experiments": [{**EXPERIMENT.to_dict(), "current": current}]}))


def test_a_text_full_of_quotes_takes_no_time():
    """Escaped quotes to the end of 200,000 bytes, and no end of the text."""
    began = time.perf_counter()
    for start in ('{"a":"', '["', "[" * 65 + '"', '{"' * 70):
        with pytest.raises(LinkError):
            read(pack(start + '\\"' * 99_000))
    assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"experiments": []}, "experiments"),
        ({"experiments": [EXPERIMENT] * 5}, "1 to 4 experiments"),
        ({"experiments": "LIF"}, "must be experiments"),
        ({"experiments": EXPERIMENT.to_dict()}, "must be experiments"),
        ({"experiments": EXPERIMENT, "names": ["a", "b"]}, "one for each"),
        ({"experiments": EXPERIMENT, "names": "ab"}, "must be a list"),
        ({"experiments": EXPERIMENT, "names": [7]}, "must be a text"),
        ({"experiments": EXPERIMENT, "names": ["a" * 201]}, "at most 200 characters"),
        ({"experiments": EXPERIMENT, "names": ["\ud800"]}, "surrogates"),
        ({"experiments": EXPERIMENT, "view": 3}, "must be a text"),
        ({"experiments": EXPERIMENT, "lab": [1]}, "must be a table"),
        ({"experiments": EXPERIMENT, "lab": {"a": float("nan")}}, "plain JSON"),
        ({"experiments": EXPERIMENT, "lab": {"a": {1, 2}}}, "plain JSON"),
        # Python's own writer takes these, and would write what no reader takes.
        ({"experiments": EXPERIMENT, "lab": {"a": 10**400}}, "must be finite"),
        ({"experiments": EXPERIMENT, "lab": {1: 2, "1": 3}}, "stands twice"),
    ],
)
def test_what_fits_in_no_link_is_not_written(given, words):
    with pytest.raises(LinkError, match=words) as caught:
        write(**given)
    assert "\n" not in str(caught.value)


# What is no link ----------------------------------------------------------------------------

FINE = pack(DATA)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no link"),
        ("#", "no link"),
        ("1", "no link"),
        ("hello", "no link"),
        ("#traces", "no link"),
        ("https://example.org/", "no link"),
        ("x.abc", "no link"),
        ("-1.abc", "no link"),
        ("9" * 5000 + ".abc", "no link"),
        ("١.abc", "no link"),
        ("1.", "nothing follows"),
        ("0.abc", "no format 0"),
        ("2.abc", "newer lapicque.*update"),
        (f"{HOME}99.%%%", "newer lapicque.*update"),
        ("1." + "A" * 16_000, "at most 16000"),
        ("1.a=", "is no character"),
        (FINE + "=", "is no character"),
        (FINE + " x", "is no character"),
        (FINE.replace(".", ". "), "is no character"),
        (FINE + "é", "is no character"),
        ("1.abcde", "not whole"),
        (FINE[:-1], "damaged"),
        (FINE[:-30], "not whole"),
        (FINE[:60], "not whole"),
        ("1." + text_of(b"\xff" * 40), "cannot be unpacked"),
        ("1." + text_of(zlib.compress(json.dumps(DATA).encode())), "damaged"),
        ("1." + text_of(zlib.compress(json.dumps(DATA).encode())[2:-4] + b"more"), "follows"),
        (pack(b"\xff\xfe{}"), "no UTF-8"),
        (pack(""), "no JSON"),
        (pack("{"), "no JSON"),
        (pack("import os"), "no JSON"),
        (pack("[]"), "must hold a table"),
        (pack("null"), "must hold a table"),
        (pack('{"a": NaN}'), "must be finite"),
        (pack('{"a": -Infinity}'), "must be finite"),
        (pack('{"a": 1e999}'), "must be finite"),
        (pack('{"a": ' + "9" * 5000 + "}"), "must be finite"),
        (pack('{"view": "a", "view": "b"}'), "stands twice"),
        (pack(json.dumps({**DATA, "names": ["\ud83e"]})), "half a Unicode"),
        (pack({}), "1 to 4 experiments"),
        (pack({"experiments": []}), "1 to 4 experiments"),
        (pack({"experiments": DATA["experiments"] * 5}), "got 5"),
        (pack({"experiments": {"0": 1}}), "1 to 4 experiments"),
        (pack({"experiments": [7]}), "must be a table"),
        (pack({"experiments": [{**DATA["experiments"][0], "lapicque": 2}]}), "Upgrade"),
        (pack({**DATA, "exec": "x"}), "no part of a link"),
        (pack({**DATA, "names": "a"}), "one for each"),
        (pack({**DATA, "names": ["a", "b"]}), "one for each"),
        (pack({**DATA, "names": [["a"]]}), "must be a text"),
        (pack({**DATA, "names": ["a" * 201]}), "at most 200"),
        (pack({**DATA, "view": ["traces"]}), "must be a text"),
        (pack({**DATA, "view": False}), "must be a text"),
        (pack({**DATA, "lab": "x"}), "must be a table"),
    ],
)
def test_a_bad_link_is_one_clear_line(text, words):
    with pytest.raises(LinkError, match=words) as caught:
        read(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", [None, 7, b"1.abc", ["1.abc"], {}])
def test_what_is_no_text_is_no_link(value):
    assert not is_link(value)
    with pytest.raises(LinkError, match="must be text"):
        read(value)


def test_a_value_that_breaks_its_rule_is_named_with_its_path():
    """As in a file; of several experiments with its number."""
    bad = json.loads(json.dumps(DATA["experiments"][0]))
    bad["neuron"]["R_m"] = -1.0
    with pytest.raises(lq.ParameterError, match=r"'neuron.R_m' must be > 0"):
        read(pack({"experiments": [bad]}))
    with pytest.raises(lq.ParameterError, match=r"'experiments.1.neuron.R_m' must be > 0"):
        read(pack({"experiments": [*DATA["experiments"], bad]}))


def test_a_thousand_mutated_links_are_read_or_refused():
    """Characters, bytes of the stream and parts of the JSON changed, dropped and doubled: each
    reads as experiments that are sound, or is refused; never anything else, and none takes long."""
    draw = random.Random(20261123)
    letters = string.ascii_letters + string.digits + "-_.#=%/ é\0"
    whole = [
        pack(DATA),
        pack({**DATA, "names": ["a"], "view": "traces", "lab": {"preset": "x", "n": [1, 2]}}),
        pack({"experiments": [noisy(20).to_dict(), EXPERIMENT.to_dict()], "names": ["a", "b"]}),
    ]
    values = [None, True, -1, 0, 1e308, -1e308, 1e-320, "x", "NaN", [], {}, [[]], "1 V", 2**70]
    read_well, refused = 0, []
    for _ in range(1_000):
        text = draw.choice(whole)
        kind = draw.randrange(3)
        if kind == 0:
            text = mutated(draw, text, letters)
        elif kind == 1:
            version, payload = text.split(".")
            raw = bytearray(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            for _ in range(draw.randint(1, 3)):
                raw[draw.randrange(len(raw))] = draw.randrange(256)
            text = f"{version}.{text_of(bytes(raw))}"
        else:
            data = unpack(text)[1]
            for _ in range(draw.randint(1, 2)):
                spoil(draw, data, values)
            text = pack(data)
        began = time.perf_counter()
        try:
            for experiment in read(text).experiments:
                assert lq.Experiment.from_dict(experiment.to_dict()) == experiment
            read_well += 1
        except (LinkError, lq.ParameterError) as error:
            refused.append(str(error))
        assert time.perf_counter() - began < 0.5
    assert read_well > 20
    assert len(refused) > 500
    assert not any("\n" in line for line in refused)


def mutated(draw, text, letters):
    for _ in range(draw.randint(1, 4)):
        k = draw.randrange(len(text) + 1)
        cut = draw.choice([0, 1, 1, 5])
        text = text[:k] + draw.choice(["", draw.choice(letters)]) + text[k + cut :]
    return text


def spoil(draw, data, values):
    """Replace one value somewhere in a tree."""
    while True:
        keys = list(data) if isinstance(data, dict) else range(len(data))
        if not keys:
            return
        key = draw.choice(list(keys))
        inner = data[key]
        if isinstance(inner, (dict, list)) and inner and draw.random() < 0.8:
            data = inner
            continue
        data[key] = copy.deepcopy(draw.choice(values))
        return


def test_reading_opens_no_file_and_imports_nothing(monkeypatch):
    """A link whose texts look like paths, modules and code is read as texts."""
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("a file was opened"))
    data = {**DATA, "names": ["/etc/passwd"], "lab": {"__class__": "os.system", "f": "__import__"}}
    assert read(pack(data)).lab == data["lab"]
