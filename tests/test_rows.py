"""A current as a row of numbers, built and added up by the kernels of a batch.

Truth: `Current.normal_form`, whose parts are clipped and added two by two by `Pieces`, in Python;
the recipe with a replaced value; the part's own constructor, for what is refused.
"""

import ast
import dataclasses
import math
import sys
from array import array
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import strategies
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import kernels, rows
from lapicque.kernels import assembly, shapes
from lapicque.kernels.membrane import TERM
from lapicque.parameter import parameters
from lapicque.pieces import Pieces, room

NEURON = lq.LIF(R_m=10.0, C_m=1.0)
EPSILON = 2.0**-52


def call(kernel, layout, begin, end, raw=None, size=(600, 6000), sizes=(600, 6000), mine=list):
    """The kernel's answer and what it wrote, on buffers of so many pieces and terms."""
    parts, total = room(*size, layout.kicks), room(*sizes, layout.kicks)
    for whole, first in zip(parts, layout.form, strict=True):
        whole[: len(first)] = first
    n = len(layout.kinds)
    given = [layout.kinds, layout.raw if raw is None else raw, layout.raw_at, layout.given]
    data = [layout.times, layout.table]
    scratch = [array("q", bytes(24 * n)), array("d", bytes(16 * n))]
    loc = array("d", bytes(8 * layout.loc))
    total = tuple(mine(each) for each in total)
    pieces = kernel(
        *map(mine, given), layout.fixed, *map(mine, data), begin, end,
        *map(mine, scratch), *map(mine, parts), *total, mine(loc),
    )  # fmt: skip
    return pieces, total


def built(layout, begin, end, raw=None):
    """The kernel's form, interpreted."""
    pieces, total = call(assembly.current, layout, begin, end, raw, mine=lambda x: x)
    assert pieces > 0
    return Pieces.taken(total, 0, pieces)


def contents(form, p):
    """Value, slope, kick and terms by degree and exponent of a piece, as plain data."""
    v_lo = form.value_lo[p] if form.value_lo else 0.0
    terms = {(t[0], *t[3:]): (t[1], t[2]) for t in form.terms_at(p, 0.0)}
    return (form.value[p], v_lo), form.slope[p], form.kick(p), terms


def sizes_at(current, t):
    """What is added up to value, slope and each term of a piece: sums of absolute values."""
    value = slope = 0.0
    terms = {}
    for part in current.parts:
        form, (low, high) = part.shape(), part.span()
        p = max((p for p in range(len(form)) if form.starts[p] <= t), default=None)
        if p is None or not low <= t < high:
            continue
        s = t - form.starts[p]
        value += abs(form.value[p]) + abs(form.slope[p]) * s
        slope += abs(form.slope[p])
        for n, re, im, *exponent in form.terms_at(p, 0.0):
            c = math.hypot(re, im) * math.exp(exponent[0] * s)
            for m in range(int(n) + 1):
                weight = c * math.comb(int(n), m) * s ** (int(n) - m)
                key = (float(m), *exponent)
                terms[key] = terms.get(key, 0.0) + weight
                if exponent[:2] == [0.0, 0.0] and m < 2:
                    value, slope = (value + weight, slope) if m == 0 else (value, slope + weight)
    return value, slope, terms


def assert_alike(form, truth, current, ulps=4.0):
    """Pieces and exponents alike, coefficients within ulps of what is added up to them."""
    assert form.starts == truth.starts
    for p in range(len(truth)):
        value, slope, terms = sizes_at(current, truth.starts[p])
        a, b = contents(form, p), contents(truth, p)
        assert abs(a[0][0] - b[0][0]) <= ulps * EPSILON * value
        assert abs(a[1] - b[1]) <= ulps * EPSILON * slope
        assert np.allclose(a[2], b[2], rtol=1e-15, atol=1e-14)
        for key in {*a[3], *b[3]}:
            near = [x.get(key, (0.0, 0.0)) for x in (a[3], b[3])]
            # What underflows may be zero here and not there.
            bound = ulps * EPSILON * terms.get(key, 0.0) + 1e-300
            assert math.dist(*near) <= bound


BEGINS = st.one_of(st.just(0.0), strategies.numbers(-20.0, 100.0))
LENGTHS = st.one_of(st.just(0.0), strategies.numbers(0.0, 200.0))


@settings(max_examples=300)
@given(strategies.currents(most=6), BEGINS, LENGTHS)
def test_the_form_of_a_row_is_the_normal_form(current, begin, length):
    """On any span; coefficients to 4 ulp of what is added up to them, as each part's piece is
    moved once here, and there from sum to sum, which rounds up to five times."""
    truth = current.normal_form.on(begin, begin + length)
    assert_alike(built(rows.layout(current), begin, begin + length), truth, current)


@settings(max_examples=200)
@given(strategies.currents(most=1), strategies.numbers(0.0, 200.0))
def test_two_parts_are_added_up_to_the_same_doubles(current, length):
    """Where no window cuts and the span begins first, both move each piece once: no ulp apart."""
    assume(all(part.window is None for part in current.parts))
    # Nor does the start of the part cut what was given for earlier times.
    assume(all(p.shape().starts[0] >= p.span()[0] for p in current.parts if len(p.pieces())))
    truth = current.normal_form.on(-100.0, length)
    form = built(rows.layout(current), -100.0, length)
    assert form.starts == truth.starts
    for p in range(len(truth)):
        assert contents(form, p) == contents(truth, p)


def test_no_part_is_no_current():
    """One piece of nothing, as in the normal form."""
    assert built(rows.layout(lq.Current()), 0.0, 10.0) == lq.Current().normal_form


def test_kicks_at_both_ends_count():
    """One at the end has a piece of no length; where jumps cancel, it has none; a run of no length
    has the first."""
    both = lq.kicks([0.0, 10.0], 1.0)
    for current in (both, both + lq.kicks([0.0], -1.0), both + lq.kicks([10.0], -1.0)):
        for end in (0.0, 10.0):
            truth = current.normal_form.on(0.0, end)
            assert built(rows.layout(current), 0.0, end) == truth


def test_equal_terms_are_one_and_opposite_ones_none():
    """Terms count as equal where their exponents are, as pairs: to 32 digits."""
    pairwise = ((f, math.nextafter(f, 9.0)) for f in np.linspace(5.0, 6.0, 50).tolist())

    def omega(f):
        return lq.sine(1.0, f).normal_form.terms[4]

    # Two whose exponents differ in their low parts alone.
    f, near = next((a, b) for a, b in pairwise if omega(a) == omega(b))
    for other, count in ((f, 1), (near, 2)):
        both = rows.layout(lq.sine(1.0, f) + lq.sine(2.0, other, 1.0))
        assert len(built(both, 0.0, 10.0).terms) == count * TERM
    opposite = lq.sine(1.0, 5.1) - lq.sine(1.0, 5.1) + lq.decay(1.0, 3.0)
    assert built(rows.layout(opposite), 0.0, 10.0) == lq.decay(1.0, 3.0).normal_form


def test_a_product_may_begin_before_its_clock():
    """As its factors do; moved so far that steps fall together, the last one of these holds."""
    product = lq.constant(1.0, start=-5.0) * lq.ramp(2.0, start=-5.0)
    steps = (lq.step(1.0, 0.0, 1.0) + lq.step(2.0, 1.0, 1e17)) * lq.constant(3.0)
    for current, begin in ((product, -10.0), (product.delayed(2.0), -10.0)):
        form = built(rows.layout(current), begin, 10.0)
        assert form == current.normal_form.on(begin, 10.0)
        assert form.starts.tolist() == [-10.0, current.parts[0].start - 5.0]
    late = steps.delayed(1e17)
    assert late.normal_form.starts.tolist() == [1e17, 2e17]
    form = built(rows.layout(late), 0.0, 3e17)
    assert form.starts.tolist() == [0.0, 1e17, 2e17]
    assert form.value.tolist() == [0.0, 6.0, 0.0]


def test_a_factor_keeps_the_low_parts():
    """A sum's value is a pair, and so is ``factor`` times it: by fractions, to 30 digits."""
    wave = lq.sine(0.3, 50.0, 0.4) + lq.constant(0.7)
    whole, part = wave * wave, wave * wave * 0.9
    (one, scaled) = (built(rows.layout(c), 0.0, 10.0) for c in (whole, part))
    assert one.value_lo
    exact = Fraction(0.9) * (Fraction(one.value[0]) + Fraction(one.value_lo[0]))
    assert abs(Fraction(scaled.value[0]) + Fraction(scaled.value_lo[0]) - exact) < 1e-30


@st.composite
def swept(draw):
    """A current, one of its paths, and a value for it that the part accepts."""
    current = draw(strategies.currents(most=3))
    k = draw(st.integers(0, len(current.parts) - 1))
    part = current.parts[k]
    names = [name for name in parameters(type(part)) if getattr(part, name) is not None]
    name = draw(st.sampled_from(names))
    value = getattr(part, name) * draw(strategies.numbers(0.5, 1.5))
    if name in ("start", "stop"):
        value += draw(strategies.numbers(-5.0, 5.0))
    return current, k, name, value


@settings(max_examples=300)
@given(swept())
def test_a_column_sets_what_replace_sets(case):
    """Row by row, on every path; what `replace` refuses, the check of the columns refuses, in the
    same words."""
    current, k, name, value = case
    path = f"current.{k}.{name}"
    old = getattr(current.parts[k], name)
    experiment = lq.Experiment(NEURON, current, 100.0)
    given = {(k, name): np.array([old, value])}
    refused = None
    try:
        changed = experiment.replace({path: value}).current
    except lq.ParameterError as error:
        refused = error
    if refused is not None:
        with pytest.raises(type(refused)) as caught:
            rows.columns(current, given)
        assert (caught.value.path, caught.value.rule) == (refused.path, refused.rule)
        assert caught.value.cure.endswith("This is row 1.")
        return
    column = rows.columns(current, given)[k, name]
    assert column.tolist() == [old, value]
    layout = rows.layout(current)
    raw = layout.raw[:]
    raw[layout.index(k, name)] = column[1]
    assert raw == rows.layout(changed).raw
    assert_alike(built(layout, 0.0, 100.0, raw), changed.normal_form.on(0.0, 100.0), changed)


@pytest.mark.parametrize("none", [math.nan, math.inf, None])
def test_no_stop_is_a_stop_too(none):
    """NaN, infinity and None say so, in a list and in an array."""
    current = lq.sine(1.0, 50.0, stop=5.0)
    layout = rows.layout(current)
    for values in ([none, 7.0], np.array([none, 7.0], float)):
        column = rows.columns(current, {(0, "stop"): values})[0, "stop"]
        assert column.tolist() == [math.inf, 7.0]
        raw = layout.raw[:]
        raw[layout.index(0, "stop")] = column[0]
        assert built(layout, 0.0, 10.0, raw) == lq.sine(1.0, 50.0).normal_form.on(0.0, 10.0)


# Limits of the buffers ----------------------------------------------------------------------


@settings(max_examples=60)
@given(strategies.currents(most=3), st.data())
def test_short_buffers_are_full(current, data):
    """And nothing is written beyond them: an index out of their range would raise here."""
    layout = rows.layout(current)
    most = sum(
        len(part.shape()) + (len(part.given()) if part.code >= shapes.FIXED else 0)
        for part in current.parts
    )
    form = built(layout, 0.0, 100.0)
    terms = len(form.terms) // TERM
    size = (data.draw(st.integers(len(layout.form[0]), most)), 6000)
    sizes = (data.draw(st.integers(1, len(form) + 1)), data.draw(st.integers(0, 3 * terms)))
    pieces, _ = call(assembly.current, layout, 0.0, 100.0, None, size, sizes, lambda x: x)
    # A piece at the very end is written before it is dropped; so are terms that cancel.
    enough = size[0] == most and sizes[0] > len(form) and sizes[1] >= terms
    if not enough:
        assert pieces in (shapes.FULL, len(form))
    if size[0] < most or sizes[0] < len(form) or sizes[1] < terms:
        assert pieces == shapes.FULL


def test_a_short_scratch_is_full():
    """``loc`` too, where a term is moved."""
    current = lq.alpha(1.0, 2.0) + lq.step(1.0, 3.0, 9.0)
    layout = rows.layout(current)
    short = dataclasses.replace(layout, loc=10)
    assert call(assembly.current, layout, 0.0, 10.0)[0] == 3
    assert call(assembly.current, short, 0.0, 10.0)[0] == shapes.FULL


def test_too_many_periods_and_cycles_are_told():
    """By status; a batch that swept them has been told before, by `columns`."""
    for current, name, value in (
        (lq.square(1.0, 10.0, stop=100.0), "frequency", 1e9),
        (lq.pulses(1.0, 0.1, 1.0, count=3 * shapes.MAX_PERIODS, stop=9.0), "stop", math.inf),
        (lq.chirp(1.0, 1.0, 2.0, 10.0), "duration", 1e9),
    ):
        layout = rows.layout(current)
        raw = layout.raw[:]
        raw[layout.index(0, name)] = value
        pieces, _ = call(assembly.current, layout, 0.0, 10.0, raw)
        assert pieces == shapes.TOO_MANY
        with pytest.raises(lq.LimitError, match=r"This is row 2\.") as caught:
            rows.columns(current, {(0, name): [getattr(current.parts[0], name)] * 2 + [value]})
        assert caught.value.path.startswith("current.0.")


# Columns that are refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "given", "path", "words"),
    [
        (lq.decay(1.0, 2.0), {"tau": [1.0, -3.0]}, "tau", "must be > 0 ms (got -3.0). This is row"),
        (lq.decay(1.0, 2.0), {"tau": np.array([1, 0])}, "tau", "must be > 0 ms (got 0"),
        (lq.decay(1.0, 2.0), {"amplitude": [1.0, math.nan]}, "amplitude", "finite number in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": [1.0, None]}, "amplitude", "must be a number in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": [True]}, "amplitude", "must be a number in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": np.array([True])}, "amplitude", "a number in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": ["1 nA", "2 mV"]}, "amplitude", "convertible to nA"),
        (lq.decay(1.0, 2.0), {"amplitude": 3.0}, "amplitude", "a list of numbers in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": [[3.0]]}, "amplitude", "must be a number in nA"),
        (lq.decay(1.0, 2.0), {"amplitude": np.ones((1, 1))}, "amplitude", "a list of numbers"),
        (lq.decay(1.0, 2.0), {"amplitude": "12"}, "amplitude", "a list of numbers"),
        (lq.step(1.0, 0.0, 9.0), {"start": [1.0, 10.0]}, "stop", ">= start = 10 ms (got 9.0)"),
        (lq.step(1.0, 0.0, 9.0), {"stop": [1.0, -1.0]}, "stop", ">= start = 0 ms (got -1.0)"),
        (lq.pulses(1.0, 1.0, 9.0, 3), {"width": [1.0, 10.0]}, "width", "at most period = 9 ms"),
        (lq.pulses(1.0, 1.0, 9.0, stop=30.0), {"stop": [3.0, math.inf]}, "count", "need an end"),
        (lq.square(1.0, 9.0, stop=30.0), {"stop": [3.0, math.nan]}, "stop", "needs an end"),
        (lq.square(1.0, 9.0, stop=30.0), {"duty": [0.0, 1.5]}, "duty", "[0, 1]"),
        (lq.kicks([1.0], 2.0), {"charge": [1.0]}, "jump", "left out where charge = 1 pC"),
        (lq.kicks([1.0], 2.0), {"jump": [1.0, math.nan]}, "jump", "finite number in mV"),
        (lq.sampled([0.0, 1e-3], [0.0, 1.0]), {"start": [1.0, 1e15]}, "start", "samples apart"),
        (
            lq.sampled([0.0], [1.0], "hold", stop=5.0),
            {"stop": [1.0, None]},
            "stop",
            "needs the end of the last sample",
        ),
        (lq.polynomial([0.0, 1e-3], [[1.0]]), {"start": [1.0, 1e15]}, "edges", "must increase"),
    ],
)
def test_what_is_refused(current, given, path, words):
    """With path, rule, value and row, as for a single experiment."""
    with pytest.raises(lq.ParameterError) as caught:
        rows.columns(current, {(0, name): values for name, values in given.items()})
    assert caught.value.path == f"current.0.{path}"
    assert words in str(caught.value)
    row = len(next(iter(given.values()))) - 1 if "list of" not in words else None
    assert row is None or str(caught.value).endswith(f"This is row {row}.")


def test_units_are_converted_at_the_border():
    """Texts and quantities one by one."""
    given = {(0, "amplitude"): ["500 pA", 1.0, 2]}
    assert rows.columns(lq.constant(1.0), given)[0, "amplitude"].tolist() == [0.5, 1.0, 2.0]


def test_a_column_is_a_copy():
    """A sweep must not change with the caller's array, nor change it."""
    mine = np.array([1.0, math.nan])
    found = rows.columns(lq.constant(1.0), {(0, "stop"): mine})[0, "stop"]
    found[0] = 7.0
    assert mine[0] == 1.0
    assert math.isnan(mine[1])


# Compiled -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The kernel, and with it all that it calls, compiled by Numba from the same source."""
    pytest.importorskip("numba")
    folder = tmp_path_factory.mktemp("numba") / "kernels_for_rows"
    folder.mkdir()
    for path in Path(kernels.__file__).parent.glob("*.py"):
        lines = path.read_text("utf-8").splitlines()
        tree = ast.parse("\n".join(lines))
        for node in reversed(tree.body):
            if isinstance(node, ast.FunctionDef):
                lines.insert(node.lineno - 1, "@_njit")
        futures = [n.end_lineno for n in tree.body if ast.unparse(n).startswith("from __future__")]
        decorator = "import numba; _njit = numba.njit(nogil=True, error_model='numpy')"
        lines.insert(futures[0] if futures else tree.body[0].end_lineno, decorator)
        (folder / path.name).write_text("\n".join(lines), "utf-8")
    sys.path.insert(0, str(folder.parent))
    try:
        from kernels_for_rows import assembly as found
    finally:
        sys.path.pop(0)
    return found.current


def test_compiled_and_interpreted_agree(compiled):
    """To the last bit, but for powers, which Numba multiplies out: 4 ulp of what is added up."""

    @settings(max_examples=200)
    @given(strategies.currents(most=5), BEGINS, LENGTHS)
    def agree(current, begin, length):
        layout = rows.layout(current)
        form = built(layout, begin, begin + length)
        pieces, total = call(compiled, layout, begin, begin + length, mine=np.array)
        found = Pieces.taken(tuple(array(x.dtype.char, x.tolist()) for x in total), 0, pieces)
        if all(part.kind not in ("chirp", "polynomial", "product") for part in current.parts):
            assert found == form
        assert_alike(found, form, current)

    agree()
