"""Packed lists: what comes back is what went in.

The truth is `unpacked` below: base64 and struct of the standard library, read by the protocol's
words, little-endian doubles, or floats to which a number is added.
"""

import base64
import copy
import json
import math
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.lab import packing
from lapicque.lab.answer import answer
from lapicque.lab.packing import pack

LONG = {
    "t",
    "V",
    "I_t",
    "I",
    "theta_t",
    "theta",
    "asc_t",
    "asc",
    "kick_t",
    "kick",
    "spikes",
    "missed",
    "extra",
    "error_t",
    "error",
    "x",
    "y",
}


def unpacked(reply):
    """A reply with its packed lists as lists again."""
    if isinstance(reply, list):
        return [unpacked(item) for item in reply]
    if not isinstance(reply, dict):
        return reply
    if set(reply) == {"f8"}:
        data = base64.b64decode(reply["f8"], validate=True)
        return list(struct.unpack(f"<{len(data) // 8}d", data))
    if set(reply) == {"f4", "add"}:
        data = base64.b64decode(reply["f4"], validate=True)
        return [x + reply["add"] for x in struct.unpack(f"<{len(data) // 4}f", data)]
    return {key: unpacked(value) for key, value in reply.items()}


def bits(values):
    """Doubles as bytes, so that -0.0 differs from 0.0."""
    return struct.pack(f"<{len(values)}d", *values)


def is_packed(value):
    return isinstance(value, dict) and set(value) in ({"f8"}, {"f4", "add"})


def compare(plain, packed, path=""):
    """Assert that two replies agree: exact lists to the bit, drawn ones to a millionth of their
    window or range, all else as it was; every list that is long is packed, and no other."""
    assert type(plain) is type(packed) or is_packed(packed), path
    if isinstance(plain, dict):
        assert set(plain) == set(packed), path
        for key, value in plain.items():
            if key == "elapsed_ms":
                continue
            assert is_packed(packed[key]) == (key in LONG and isinstance(value, list)), path + key
            compare(value, packed[key], f"{path}{key}.")
    elif isinstance(plain, list) and is_packed(packed):
        back = unpacked(packed)
        assert len(back) == len(plain), path
        if set(packed) == {"f8"}:
            assert bits(back) == bits(plain), path
        elif plain:
            room = 1e-6 * (max(plain) - min(plain)) + 2.0 * math.ulp(max(map(abs, plain)))
            assert max(abs(a - b) for a, b in zip(plain, back, strict=True)) <= room, path
    elif isinstance(plain, list):
        assert len(plain) == len(packed), path
        for k, (a, b) in enumerate(zip(plain, packed, strict=True)):
            compare(a, b, f"{path}{k}.")
    else:
        assert plain == packed, path


SINE = lq.Experiment(
    lq.LIF(R_m=10.0, C_m=1.0), lq.constant(1.6) + lq.sine(0.8, 5.0), 1000.0
).to_dict()
PULSE = lq.Experiment(lq.LIF(R_m=10.0, C_m=1.0), lq.step(2.0, 0.0, 10.0), 50.0).to_dict()
EULER = {**SINE, "method": {"name": "Euler", "dt": 2.0}}
REQUESTS = {
    "traces": {"experiments": [SINE, PULSE], "view": "traces"},
    "a window": {"experiments": [SINE], "view": "traces", "window": [700.25, 700.5]},
    "one instant": {"experiments": [SINE], "view": "traces", "window": [1000.0, 2000.0]},
    "no length": {"experiments": [{**SINE, "duration": 0.0}], "view": "traces"},
    "error": {"experiments": [EULER, {**PULSE, "method": EULER["method"]}], "view": "error"},
    "error in a window": {"experiments": [EULER], "view": "error", "window": [500.0, 600.0]},
    "convergence": {
        "experiments": [SINE],
        "view": "convergence",
        "method": {"name": "RK2", "locate": "linear"},
    },
    "f-I": {"experiments": [SINE, PULSE], "view": "f-I"},
    "strength-duration": {"experiments": [PULSE], "view": "strength-duration"},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_packed_reply_says_the_same(name):
    """In every view, asked for packed and plain: the same reply, as strict JSON."""
    request = {"id": 3, "kind": "run", "width": 400, **REQUESTS[name]}
    plain = answer(request)
    assert plain["ok"], plain
    packed = answer({**request, "packed": True})
    text = json.dumps(packed, allow_nan=False)
    assert "f8" in text
    compare(plain, json.loads(text))
    assert answer({**request, "packed": False}) | {"elapsed_ms": 0} == plain | {"elapsed_ms": 0}


def test_a_packed_reply_is_a_third_of_the_size():
    """Which is what it is for: text of two floats instead of two numbers of 17 digits."""
    request = {"id": 3, "kind": "run", "width": 1500, "experiments": [SINE], "view": "traces"}
    plain, packed = (len(json.dumps(answer({**request, "packed": p}))) for p in (False, True))
    assert packed < 0.45 * plain


def test_errors_and_descriptions_are_never_packed():
    """They have no long list; `error` is then a table, not the list of that name."""
    wrong = {"id": 1, "kind": "run", "packed": True, "experiments": [{**SINE, "duration": -1.0}]}
    plain = answer({**wrong, "packed": False})
    assert plain["error"]["path"] == "duration"
    assert answer(wrong) == plain
    described = {"id": 1, "kind": "describe"}
    assert answer({**described, "packed": True}) == answer(described)


@pytest.mark.parametrize("packed", [None, 0, 1, "true", "", [], {}, [True], 1.0])
def test_packed_is_true_or_false(packed):
    """Anything else is refused by name."""
    reply = answer({"id": 1, "kind": "run", "experiments": [SINE], "packed": packed})
    assert (reply["ok"], reply["error"]["path"]) == (False, "packed")
    json.dumps(reply, allow_nan=False)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE))
def test_what_is_read_as_a_number_stays_exact(values):
    """Spike times, errors and curves come back to the bit, of any size, also none at all."""
    for name in sorted(LONG - packing.DRAWN):
        packed = json.loads(json.dumps(pack({name: values}), allow_nan=False))
        assert set(packed[name]) == {"f8"}
        assert bits(unpacked(packed)[name]) == bits(values)


@given(
    low=st.floats(0.0, 1e9),
    length=st.floats(1e-3, 1e9),
    shares=st.lists(st.floats(0.0, 1.0), max_size=30),
)
def test_times_are_sharp_within_their_window(low, length, shares):
    """Drawn times come back within a ten-millionth of the window, however late it lies, but for the
    last digit of the double itself."""
    times = [low + length * share for share in shares]
    reply = pack({"window": [low, low + length], "t": times, "I_t": times})
    for name in ("t", "I_t"):
        back = unpacked(reply)[name]
        for a, b in zip(times, back, strict=True):
            assert abs(a - b) <= 1e-7 * length + 2.0 * math.ulp(low + length)


@given(
    low=st.floats(-1e3, 1e3),
    height=st.floats(1e-6, 1e3),
    shares=st.lists(st.floats(0.0, 1.0), max_size=30),
)
def test_potentials_are_sharp_within_their_range(low, height, shares):
    """V and I come back within a millionth of their own range, wherever it lies: a zoomed picture
    and a threshold a hundredth of a mV above the reset are drawn as sharp as any."""
    values = [low, *(low + height * share for share in shares), low + height]
    back = unpacked(pack({"V": values, "I": values}))
    for name in ("V", "I"):
        for a, b in zip(values, back[name], strict=True):
            assert abs(a - b) <= 1e-6 * height + 2.0 * math.ulp(abs(low) + height)


@given(st.lists(FINITE))
def test_huge_values_stay_finite(values):
    """Values of any size are drawn somewhere: never at infinity, never at NaN; those that a float
    holds, where they belong."""
    packed = pack({"V": values, "I": values, "t": values, "window": [1e30, 2e30]})
    json.dumps(packed, allow_nan=False)
    back = unpacked(packed)
    for name in ("V", "I", "t"):
        assert len(back[name]) == len(values)
        assert all(map(math.isfinite, back[name]))
    size = max(map(abs, values), default=0.0)
    if size < 1e38:
        for name in ("V", "I"):
            for a, b in zip(values, back[name], strict=True):
                assert abs(a - b) <= 1e-6 * size + 1e-44


def test_lists_elsewhere_and_short_ones_stay():
    """Windows, ranges, marks, hollow points and the coordinates of a point are no long lists; each
    result counts its times from its own window."""
    plane = {
        "x": {"range": [0.0, 1.0], "label": "d"},
        "curves": [{"x": [1.0, 2.0], "y": [3.0, 4.0], "hollow": [True, False], "note": ""}],
        "points": [{"x": 1.0, "y": None, "origin": {"x": 0.5, "y": 0.0}}],
        "marks": [],
    }
    results = [{"window": [w, w + 1.0], "t": [w], "grazes": [w]} for w in (0.0, 5.0)]
    reply = {"plane": plane, "results": results, "nothing": None, "elapsed_ms": 1.5}
    kept = copy.deepcopy(reply)
    packed = pack(reply)
    assert reply == kept
    assert [r["t"]["add"] for r in packed["results"]] == [0.0, 5.0]
    assert packed["results"][1]["grazes"] == [5.0]
    assert unpacked(packed) == kept
    compare(kept, packed)


def test_the_order_of_bytes_is_little_endian_on_every_machine(monkeypatch):
    """1.0 and 2.0 as doubles, by hand; on a machine of the other order the bytes are swapped."""
    text = "AAAAAAAA8D8AAAAAAAAAQA=="
    assert base64.b64decode(text) == bytes(
        [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40]
    )
    if sys.byteorder == "little":
        assert pack({"x": [1.0, 2.0]}) == {"x": {"f8": text}}
        monkeypatch.setattr(packing.sys, "byteorder", "big")
        swapped = base64.b64decode(pack({"x": [1.0, 2.0]})["x"]["f8"])
        assert struct.unpack(">2d", swapped) == (1.0, 2.0)
