"""The current: its values, its algebra, its recipe, its normal form, and its messages."""

import copy
import json
import math
import random
import tracemalloc
from array import array

import independent
import mpmath as mp
import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import pieces
from lapicque.current import (
    Alpha,
    Constant,
    Part,
    Product,
    Sampled,
    current_from_dicts,
    kinds,
)
from lapicque.kernels.membrane import TERM
from lapicque.pieces import Pieces

shapes = st.one_of(*strategies.SHAPES.values())
times = st.lists(strategies.numbers(-30.0, 320.0), min_size=1, max_size=8)

NEAR = 1e-9  # ms: so near to a breakpoint, formulas and normal form may round to different sides


def away(current, ts):
    """The times that are no breakpoints of the recipe, nor next to one."""
    edges = independent.breakpoints(current.to_dicts())
    return [t for t in ts if all(abs(t - b) > NEAR for b in edges)]


def size(*values):
    """What a rounding error is relative to: the largest number around, at least 1 nA."""
    return max([1.0, *(abs(v) for v in values)])


# Values -------------------------------------------------------------------------------------


@given(shapes, times)
@settings(max_examples=200)
def test_a_shape_has_the_values_of_its_formula(current, ts):
    """Within 1e-12 nA at any time; the truth: the recipe's formula in tests/independent.py."""
    ts = away(current, ts)
    truth = independent.current(current.to_dicts(), ts)
    for t, value in zip(ts, truth.tolist(), strict=True):
        assert current(t) == pytest.approx(value, rel=1e-12, abs=1e-12)
        assert current(t, left=True) == current(t)


@given(shapes)
@settings(max_examples=150)
def test_both_sides_of_a_jump_are_right(current):
    """`left` is the limit from before, else from after: the formula 1e-9 ms to either side."""
    edges = sorted(independent.breakpoints(current.to_dicts()))
    apart = [b for b in edges if all(b == c or abs(b - c) > 10 * NEAR for c in edges)]
    for b in apart:
        before, after = independent.current(current.to_dicts(), [b - NEAR, b + NEAR])
        # Twins less than an ulp apart, such as start + 0.1 in two orders, make one breakpoint.
        starts = [s for s in current.normal_form.starts if abs(s - b) < 1e-12] or [b]
        assert current(min(starts), left=True) == pytest.approx(before, abs=1e-6)
        assert current(max(starts)) == pytest.approx(after, abs=1e-6)


@given(strategies.currents(), times, st.booleans())
def test_all_containers_of_times_agree(current, ts, left):
    """Scalar, array('d'), list and ndarray of any shape give the same within 8 ulp.

    The truth is the scalar path.
    """
    ts = [*ts, *current.normal_form.starts]
    scalars = [current(t, left) for t in ts]
    bar = 8 * len(current.parts) * math.ulp(size(*scalars))
    kept = current(array("d", ts), left)
    assert isinstance(kept, array)
    assert kept.tolist() == scalars
    for given_as in (ts, tuple(ts), np.array(ts), np.array([ts, ts]), np.array([[ts]]).T):
        values = current(given_as, left)
        assert isinstance(values, np.ndarray)
        assert values.shape == np.shape(given_as)
        expected = np.resize(scalars, np.size(given_as)).reshape(np.shape(given_as))
        assert np.abs(values - expected).max() <= bar
    single = current(np.array(ts[0]), left)
    assert single.shape == ()
    assert abs(float(single) - scalars[0]) <= bar


def test_whole_numbers_and_numpy_scalars_are_times():
    """An int or a NumPy scalar gives a float, an empty array an empty one of the same shape."""
    current = lq.sine(1.0, 5.0)
    assert type(current(3)) is float
    assert current(3) == current(np.float64(3)) == current(3.0)
    assert float(current(np.int64(3))) == pytest.approx(current(3.0), rel=1e-15)
    assert current(np.zeros((0, 3))).shape == (0, 3)
    assert current(array("d")) == array("d")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("container", [float, lambda t: array("d", [1.0, t]), lambda t: [1.0, t]])
def test_a_time_that_is_no_time_is_refused(container, wrong):
    """No current has a value at NaN or infinity: an error that names `t`, not a number."""
    for current in (lq.constant(1.6), lq.sine(1.0, 5.0), lq.ramp(0.1)):
        with pytest.raises(lq.ParameterError, match="'t' must be finite"):
            current(container(wrong))


# Algebra ------------------------------------------------------------------------------------


@given(strategies.currents(2), strategies.currents(2), times, st.booleans())
def test_addition_adds_and_subtraction_subtracts(a, b, ts, left):
    """The truth: the values of the operands, within rounding."""
    for t in [*ts, *a.normal_form.starts, *b.normal_form.starts]:
        x, y = a(t, left), b(t, left)
        bar = 1e-12 * size(x, y)
        assert abs((a + b)(t, left) - (x + y)) <= bar
        assert abs((a - b)(t, left) - (x - y)) <= bar


@given(strategies.currents(), strategies.numbers(-4.0, 4.0), times, st.booleans())
def test_a_factor_scales(a, k, ts, left):
    """`k * a`, `a * k` and `-a` have the operand's values times k; an int is a factor too."""
    for t in [*ts, *a.normal_form.starts]:
        x = a(t, left)
        assert abs((k * a)(t, left) - k * x) <= 1e-12 * size(x)
        assert abs((a * 3)(t, left) - 3 * x) <= 1e-12 * size(x)
        assert abs((-a)(t, left) + x) <= 1e-12 * size(x)
    assert k * a == a * k
    assert -a == a * -1.0


@pytest.mark.parametrize("number", [np.float64(2.0), np.int64(2), np.float32(2.0), 2])
def test_any_real_number_is_a_factor(number):
    """NumPy's numbers multiply as Python's do, from either side, to a Current."""
    assert lq.constant(0.5) * number == lq.constant(1.0)
    assert number * lq.constant(0.5) == lq.constant(1.0)


@given(strategies.currents(2), strategies.currents(2), times, st.booleans())
def test_a_product_multiplies(a, b, ts, left):
    """From t = 0 on, `a * b` has the product of the values."""
    a, b = strategies.without_kicks(a), strategies.without_kicks(b)
    degrees = [max([1.0, *c.normal_form.terms[::TERM]]) for c in (a, b)]
    if sum(degrees) > 12:
        return  # test_a_product_beyond_degree_12_is_refused
    product = a * b
    for t in [abs(t) for t in [*ts, *a.normal_form.starts, *b.normal_form.starts]]:
        if t == 0.0 and left:
            continue
        x, y = a(t, left), b(t, left)
        assert abs(product(t, left) - x * y) <= 1e-11 * size(x) * size(y)


def test_a_product_and_a_delay_commute():
    """Delaying a product is delaying its factors, also where they start before t = 0."""
    a = lq.sine(1.0, 5.0, start=-20.0)
    b = lq.decay(1.0, 10.0, start=-5.0)
    assert (a * b).delayed(30.0)(27.0) == pytest.approx(a(-3.0) * b(-3.0), rel=1e-12)


@given(strategies.currents(), strategies.numbers(-50.0, 50.0), times)
def test_a_delay_shifts_the_values(a, by, ts):
    """`a.delayed(by)(t + by) = a(t)` away from breakpoints, where rounding takes no side."""
    later = a.delayed(by)
    for t in away(a, ts):
        # t + by rounds by an ulp, times the steepest slope that is drawn
        assert later(t + by) == pytest.approx(a((t + by) - by), rel=1e-10, abs=1e-10)


@given(strategies.currents(), strategies.TIMES, strategies.numbers(0.0, 150.0), times)
def test_a_window_cuts(a, low, width, ts):
    """Inside `[low, high)` the values stay, also a sine's phase; outside they are 0."""
    high = low + width
    cut = a.window(low, high)
    for t in [*ts, low, high]:
        bar = 1e-12 * size(a(t))
        assert abs(cut(t) - (a(t) if low <= t < high else 0.0)) <= bar
        left = a(t, left=True) if low < t <= high else 0.0
        assert abs(cut(t, left=True) - left) <= 1e-12 * size(left)


def test_windows_intersect():
    """A window of a window is their intersection, and apart from each other it is empty."""
    a = lq.constant(1.0).window(10.0, 30.0)
    assert a.window(20.0, 40.0).parts[0].window == (20.0, 30.0)
    empty = a.window(50.0, 60.0)
    assert [empty(t) for t in (9.0, 20.0, 30.0, 50.0, 55.0)] == [0.0] * 5
    assert empty.parts[0].kind == "constant"


@given(st.lists(strategies.currents(1), max_size=5), times)
def test_sum_adds(currents, ts):
    """The built-in sum of currents has the sum of their values."""
    total = sum(currents, lq.Current())
    for t in ts:
        values = [a(t) for a in currents]
        assert abs(total(t) - math.fsum(values)) <= 1e-12 * size(*values)
    if currents:
        assert sum(currents) == total


def test_no_part_is_no_current():
    """An empty current is 0 at any time and neutral in a sum."""
    nothing = lq.Current()
    assert nothing(5.0) == 0.0
    assert nothing(np.arange(3.0)).tolist() == [0.0, 0.0, 0.0]
    assert (nothing + lq.constant(1.0)) == lq.constant(1.0)
    assert nothing.onset() == math.inf


@pytest.mark.parametrize("other", [1, 0.5, "1 nA", None, True, [1.0]])
def test_only_currents_are_added(other):
    """A number is no current: Python's own TypeError, from either side."""
    current = lq.constant(1.0)
    for operation in (lambda: current + other, lambda: current - other, lambda: other - current):
        with pytest.raises(TypeError):
            operation()


@pytest.mark.parametrize("factor", ["2", None, True, [2.0], 1j])
def test_only_numbers_scale(factor):
    """A text, a bool, a list or a complex number is no factor."""
    with pytest.raises(TypeError):
        lq.constant(1.0) * factor


# Recipe -------------------------------------------------------------------------------------


@given(st.lists(shapes, max_size=6))
def test_parts_stay_what_they_are(currents):
    """A sum has the parts of its operands, in order, none merged, reordered or dropped."""
    total = sum(currents, lq.Current())
    assert total.parts == tuple(part for a in currents for part in a.parts)
    for changed in (total * 0.0, total.delayed(3.0), total.window(0.0, 1.0)):
        assert [p.kind for p in changed.parts] == [p.kind for p in total.parts]


def test_a_path_to_a_part_is_stable():
    """`current.0` is what was written first, whatever is added, scaled or cancelled."""
    current = lq.constant(1.0) + lq.constant(1.0) - lq.constant(1.0) + lq.sine(0.0, 5.0)
    experiment = lq.Experiment(lq.LIF(), current, 10.0)
    assert experiment.value("current.0.amplitude") == 1.0
    changed = experiment.replace({"current.0.amplitude": 7.0})
    assert [p.kind for p in changed.current.parts] == ["constant"] * 3 + ["sine"]
    assert changed.value("current.0.amplitude") == 7.0
    assert changed.value("current.2.amplitude") == -1.0


def test_equality_is_of_recipes():
    """`==` compares what was written; `equivalent` what flows."""
    a, b = lq.constant(1.0), lq.sine(0.5, 5.0)
    assert a + b == lq.constant(1.0) + lq.sine(0.5, 5.0)
    assert a + b != b + a
    assert (a + b).equivalent(b + a)
    assert a != lq.step(1.0, 0.0, 50.0) + lq.constant(1.0, start=50.0)
    assert a.equivalent(lq.step(1.0, 0.0, 50.0) + lq.constant(1.0, start=50.0))
    assert a.equivalent(lq.constant(0.25) + lq.constant(0.75))
    assert not a.equivalent(lq.constant(1.0 + 1e-9))
    assert not a.equivalent(a + b)
    assert not a.equivalent(lq.step(1.0, 0.0, 50.0))
    assert not b.equivalent(lq.sine(0.5, 5.0000001))
    assert not lq.decay(1.0, 5.0).equivalent(lq.alpha(1.0, 5.0))
    assert lq.Current().equivalent(lq.constant(0.0) + b - b)


def test_a_windowed_sine_keeps_its_phase_clock():
    """A sine cut in two by windows is the sine; one that starts later is another."""
    whole = lq.sine(1.0, 37.0, phase=0.3)
    halves = whole.window(0.0, 41.3) + whole.window(41.3, 1e6)
    assert halves.equivalent(whole.window(0.0, 1e6))
    assert not halves.equivalent(
        whole.window(0.0, 41.3) + lq.sine(1.0, 37.0, phase=0.3, start=41.3, stop=1e6)
    )


@given(strategies.currents(2), strategies.currents(2))
def test_addition_commutes_up_to_equivalence(a, b):
    """`a + b` is equivalent to `b + a`, and not to either with a constant on top."""
    assert (a + b).equivalent(b + a)
    assert (a + b).delayed(3.0).equivalent(a.delayed(3.0) + b.delayed(3.0))
    # 1e-3: more than the tolerance of what is largest among the coefficients drawn
    assert not (a + b).equivalent(b + a + lq.constant(1e-3))


@given(shapes)
@settings(max_examples=30)
def test_equal_recipes_have_one_hash(a):
    """A current is frozen: an equal copy has the same hash, so that it can be a key."""
    assert copy.deepcopy(a) == a
    assert hash(copy.deepcopy(a)) == hash(a)


def test_samples_are_copied():
    """A part does not change with the arrays that it was made of."""
    values = np.array([0.0, 1.0, 2.0])
    current = lq.sampled([0.0, 1.0, 2.0], values)
    values[:] = 9.0
    assert current(1.0) == 1.0


@given(strategies.currents())
def test_the_round_trip_through_a_dict_keeps_the_recipe(current):
    """Every kind and parameter comes back, also through JSON's text."""
    data = json.loads(json.dumps(current.to_dicts()))
    assert current_from_dicts(data) == current


def test_an_experiment_has_parts_of_different_names():
    """Else a path would mean either, and its own dict could not be read again."""
    twice = lq.constant(1.0, name="a") + lq.constant(2.0, name="a")
    with pytest.raises(lq.ParameterError, match="'current' must have parts of different names"):
        lq.Experiment(lq.LIF(), twice, 10.0)


def test_a_dict_leaves_out_what_is_common_and_default():
    """start, stop, window and name appear where they say something; `kind` stands first."""
    current = lq.step(1.0, 2.0, 3.0, name="pulse") + lq.constant(1.0, window=(1.0, 2.0))
    assert current.to_dicts() == [
        {"kind": "step", "amplitude": 1.0, "start": 2.0, "stop": 3.0, "name": "pulse"},
        {"kind": "constant", "amplitude": 1.0, "window": [1.0, 2.0]},
    ]
    assert list(current.to_dicts()[1]) == ["kind", "amplitude", "window"]


FACTORIES = {
    "constant": lambda **c: lq.constant(1.0, **c),
    "ramp": lambda **c: lq.ramp(0.01, **c),
    "sine": lambda **c: lq.sine(1.0, 5.0, phase=0.1, **c),
    "decay": lambda **c: lq.decay(1.0, 5.0, **c),
    "alpha": lambda **c: lq.alpha(1.0, 5.0, **c),
    "sampled": lambda **c: lq.sampled([0.0, 50.0], [1.0, 2.0], **c),
    "step": lambda **c: lq.step(1.0, c.pop("start"), c.pop("stop"), **c),
}


@pytest.mark.parametrize("kind", FACTORIES)
def test_every_factory_takes_what_is_common(kind):
    """start, stop, window and name, with the meaning of `Part`; the truth: independent.py."""
    common = {"start": 3.0, "stop": 20.0, "window": (5.0, 30.0), "name": "mine"}
    current = FACTORIES[kind](**common)
    (part,) = current.parts
    assert part.kind == kind
    assert {n: getattr(part, n) for n in common} == common
    ts = [2.9, 3.1, 4.9, 5.1, 19.9, 20.1, 40.0]
    assert current(ts) == pytest.approx(independent.current(current.to_dicts(), ts), abs=1e-14)


def test_text_with_a_unit_is_converted():
    """ "30 pA" is 0.03 nA, "0.02 s" is 20 ms, "2 kHz" 2000 Hz."""
    assert lq.constant("30 pA") == lq.constant(0.03)
    assert lq.step("1 uA", "0.01 s", "20 ms") == lq.step(1000.0, 10.0, 20.0)
    assert lq.sine(1.0, "2 kHz") == lq.sine(1.0, 2000.0)
    assert lq.ramp("2 pA/ms") == lq.ramp(0.002)
    assert lq.constant(1.0).delayed("1 s") == lq.constant(1.0, start=1000.0)


# Normal form --------------------------------------------------------------------------------


def terms_per_piece(form):
    return np.diff(form.offset) if form.offset else np.zeros(len(form), int)


def test_terms_of_one_exponent_merge():
    """300 decays of one tau and 300 alphas of another need 1 and 2 terms in each piece."""
    rng = random.Random(1)
    decays = [lq.decay(rng.uniform(-1, 1), 5.0, start=rng.uniform(0, 1e3)) for _ in range(300)]
    alphas = [lq.alpha(rng.uniform(-1, 1), 3.0, start=rng.uniform(0, 1e3)) for _ in range(300)]
    many = sum(decays)
    assert len(many.normal_form) == 300
    assert terms_per_piece(many.normal_form).max() == 1
    both = sum(decays + alphas).normal_form
    assert terms_per_piece(both).max() == 3
    ts = np.linspace(0.0, 1200.0, 501)
    truth = independent.current(sum(decays + alphas).to_dicts(), ts)
    assert np.abs(both.at_many(ts) - truth).max() < 1e-11


def test_sines_of_one_frequency_merge_and_opposite_ones_vanish():
    """Two phases of one frequency are one term, and a part minus itself is none."""
    two = lq.sine(1.0, 5.0) + lq.sine(0.5, 5.0, phase=1.0)
    assert terms_per_piece(two.normal_form).tolist() == [1]
    assert len((two - two).normal_form.terms) == 0


@given(strategies.currents())
def test_a_normal_form_is_well_formed(current):
    """Starts increase strictly, flat arrays match, and no exponent grows."""
    form = current.normal_form
    starts = np.array(form.starts)
    assert np.all(np.diff(starts) > 0)
    assert len(form.value) == len(form.slope) == len(form)
    assert len(form.value_lo) in (0, len(form))
    assert len(form.offset) in (0, len(form) + 1)
    assert len(form.terms) == 7 * (form.offset[-1] if form.offset else 0)
    assert np.all(np.array(form.terms).reshape(-1, 7)[:, 3] <= 0)


@given(strategies.currents(), strategies.TIMES, strategies.numbers(0.0, 150.0), times)
def test_a_part_of_a_normal_form_has_its_values(current, low, width, ts):
    """`on(a, b)` begins at a and has the same values up to b."""
    form = current.normal_form.on(low, low + width)
    assert form.starts[0] == low
    for t in (min(low + abs(t), low + width) for t in ts):
        value = current(t)
        if t < low + width:
            assert form.at(t) == pytest.approx(value, abs=1e-11 * size(value))


@pytest.mark.parametrize("frequency", [0.37, 5.0, 123.4567, 159.15494309189535, 399.9])
def test_the_phase_holds_for_a_million_ms(frequency):
    """A sine moved to a piece 1e6 ms on is right to 4e-16 nA: mpmath at 40 digits.

    Its frequency in rad/ms is a pair; a plain double would be off by 1e-10 there.
    """
    far, phase = 1e6 + 0.1, 0.7
    form = lq.sine(1.0, frequency, phase=phase).normal_form
    ((_, re, im, *_),) = form.moved(0, far)[3]
    ((_, re_on, im_on, *_),) = form.on(far, far + 10.0).terms_at(0, 0.0)
    with mp.workdps(40):
        angle = 2 * mp.pi * mp.mpf(frequency) / 1000 * mp.mpf(far) + mp.mpf(phase)
        assert abs(mp.mpf(re) - mp.sin(angle)) < 4e-16
        assert abs(mp.mpf(im) + mp.cos(angle)) < 4e-16
    assert (re_on, im_on) == (re, im)
    with mp.workdps(40):
        value = lq.sine(1.0, frequency, phase=phase)(far)
        # One value rounds its phase once: by an ulp of it, no more.
        assert abs(mp.mpf(value) - mp.sin(angle)) <= math.ulp(float(angle))


def form_bytes(form):
    arrays = (form.starts, form.value, form.slope, form.value_lo, form.offset, form.terms)
    return sum(a.itemsize * len(a) for a in arrays)


@pytest.mark.parametrize("interpolation", ["linear", "hold"])
def test_samples_are_stored_compactly(interpolation):
    """10,000 samples: 24 bytes each in the normal form, and at most 64 with the recipe's own."""
    n = 10_000
    rng = random.Random(2)
    ts, values = array("d", range(n)), array("d", [rng.uniform(-1, 1) for _ in range(n)])
    tracemalloc.start()
    current = lq.sampled(ts, values, interpolation=interpolation, stop=float(n))
    form = current.normal_form
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(form) >= n
    assert form_bytes(form) <= 24 * (n + 1)
    assert held <= 64 * n
    with_offset = (current + lq.constant(0.1)).normal_form
    assert form_bytes(with_offset) <= 32 * (n + 2)


def test_onset_is_when_the_current_begins():
    """The first time from 0 on at which it is not zero; parts that cancel do not count."""
    assert lq.step(1.0, 7.0, 9.0).onset() == 7.0
    assert (lq.constant(0.0) + lq.ramp(0.1, start=3.0)).onset() == 3.0
    assert lq.constant(1.0, start=-5.0).onset() == 0.0
    assert lq.constant(1.0, start=-5.0, stop=-1.0).onset() == math.inf
    assert (lq.constant(1.0) - lq.constant(1.0) + lq.decay(1.0, 2.0, start=4.0)).onset() == 4.0
    assert lq.sampled([0.0, 1.0], [0.0, 0.0]).onset() == math.inf


# Messages -----------------------------------------------------------------------------------

HOLD = {"interpolation": "hold"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: lq.sampled([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
            "'times' must increase, ms: entry 2 does not exceed the one before it, 2 (got 1.0). "
            "Sort the samples and drop repeated times.",
        ),
        (
            lambda: lq.sampled([0.0, 0.0], [1.0, 2.0]),
            "'times' must increase, ms: entry 1 does not exceed the one before it, 0 (got 0.0). "
            "Sort the samples and drop repeated times.",
        ),
        (
            lambda: lq.sampled([0.0, 1.0], [1.0, math.nan]),
            "'values' must be finite numbers in nA; entry 1 is not (got nan)",
        ),
        (
            lambda: lq.sampled([0.0, math.inf], [1.0, 2.0]),
            "'times' must be finite numbers in ms; entry 1 is not (got inf)",
        ),
        (
            lambda: lq.sampled([0.0, 1.0], [1.0, 2.0, 3.0]),
            "'values' must have as many entries as times (2) (got 3)",
        ),
        (lambda: lq.sampled([0.0], [1.0]), "'times' must have at least 2 entries (got 1)"),
        (
            lambda: lq.sampled([], [], stop=1.0, **HOLD),
            "'times' must have at least 1 entries (got 0)",
        ),
        (
            lambda: lq.sampled([0.0, 1.0], [1.0, 2.0], **HOLD),
            "'stop' is missing: interpolation \"hold\" needs the end of the last sample, ms",
        ),
        (
            lambda: lq.sampled([0.0, 1.0], [1.0, 2.0], interpolation="linera"),
            "'interpolation' is not an interpolation (got 'linera'). Did you mean `linear`?",
        ),
        (
            lambda: lq.sampled("abc", [1.0, 2.0]),
            "'times' must be a list of numbers in ms (got 'abc')",
        ),
        (
            lambda: lq.sampled([0.0, True], [1.0, 2.0]),
            "'times' must be a list of numbers in ms (got [0.0, True])",
        ),
        (
            lambda: lq.sampled([0.0, 1.0], ["1 nA", "2 nA"]),
            "'values' must be a list of numbers in nA (got ['1 nA', '2 nA'])",
        ),
        (lambda: lq.sampled(3.0, [1.0]), "'times' must be a list of numbers in ms (got 3.0)"),
        (
            lambda: lq.sampled(np.zeros((2, 2)), [1.0]),
            "'times' must be one-dimensional, in ms (got array([[0., 0.], [0., 0.]]))",
        ),
        (
            lambda: lq.sine(1.0, 5.0, pahse=1.0),
            "'pahse' is not a parameter of Sine (got 'pahse'). Did you mean `phase`?",
        ),
        (lambda: lq.decay(1.0, 0.0), "'tau' must be > 0 ms (got 0.0)"),
        (lambda: lq.alpha(1.0, -2.0), "'tau' must be > 0 ms (got -2.0)"),
        (lambda: lq.sine(1.0, -5.0), "'frequency' must be in [0, 1e+09] Hz (got -5.0)"),
        (lambda: lq.constant(math.nan), "'amplitude' must be a finite number in nA (got nan)"),
        (lambda: lq.constant(1e31), "'amplitude' must be at most 1e+30 nA in size (got 1e+31)"),
        (lambda: lq.constant(True), "'amplitude' must be a number in nA (got True)"),
        (lambda: lq.constant(None), "'amplitude' must be a number in nA (got None)"),
        (lambda: lq.constant([1.0]), "'amplitude' must be a number in nA (got [1.0])"),
        (
            lambda: lq.constant("30 mV"),
            "'amplitude' must be convertible to nA (got '30 mV')",
        ),
        (
            lambda: lq.constant("30 pB"),
            "'amplitude' has an unknown unit `pB` (got '30 pB'). Use nA.",
        ),
        (lambda: lq.step(1.0, 5.0, 4.0), "'stop' must be >= start = 5 ms (got 4.0)"),
        (
            lambda: lq.constant(1.0, window=(3.0, 1.0)),
            "'window' must end no earlier than it begins, ms (got (3.0, 1.0))",
        ),
        (lambda: lq.constant(1.0, window=3.0), "'window' must be a pair of times in ms (got 3.0)"),
        (
            lambda: lq.constant(1.0, window=(0.0, math.nan)),
            "'window' must be a finite number in ms (got nan)",
        ),
        (
            lambda: lq.constant(1.0, name="a b"),
            "'name' must be a word of letters, digits and _, at most 100 (got 'a b')",
        ),
        (lambda: lq.constant(1.0).window(3.0, 1.0), "'stop' must be >= start = 3 ms (got 1.0)"),
        (
            lambda: lq.constant(1.0).delayed(math.inf),
            "'by' must be a finite number in ms (got inf)",
        ),
        (
            lambda: Product(factors=(lq.constant(1.0),)),
            "'factors' must be two currents (lists of parts) (got "
            "(Current(parts=(Constant(start=0.0, amplitude=1.0),)),))",
        ),
        (lambda: Constant(), "'amplitude' is missing: Constant needs it"),
        (
            lambda: Constant(1.0),
            "'Constant' takes its parameters by name (got 1.0). Write start=...",
        ),
    ],
)
def test_the_message_says_what_is_wrong(make, message):
    """Name, rule with unit, value received, and the cure where it is known."""
    with pytest.raises(lq.ParameterError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, "'current' must be a list of parts with `kind` (got 3)"),
        ([3], "'current.0' must be a table with `kind` and parameters (got 3)"),
        (
            [{}],
            f"'current.0.kind' is missing. Known: {', '.join(kinds())}",
        ),
        (
            [{"kind": "sin"}],
            "'current.0.kind' is not a kind of current (got 'sin'). Did you mean `sine`?",
        ),
        (
            [{"kind": "constant", "amplitude": 1.0}, {"kind": "decay", "amplitude": 1, "tau": 0}],
            "'current.1.tau' must be > 0 ms (got 0)",
        ),
        (
            [{"kind": "constant", "amplitude": 1.0, "name": "a"}] * 2,
            "'current' must have parts of different names (got 'a')",
        ),
        (
            [{"kind": "product", "factors": [[], [{"kind": "sine", "amplitude": 1.0}]]}],
            "'current.0.factors.1.0.frequency' is missing: Sine needs it",
        ),
    ],
)
def test_the_message_about_a_dict_names_the_path(data, message):
    """The path leads to the value, also inside a product's factor."""
    with pytest.raises(lq.ParameterError) as caught:
        current_from_dicts(data)
    assert str(caught.value) == message


def test_a_product_beyond_degree_12_is_refused():
    """Twelve ramps multiply, a thirteenth does not; the message says why."""
    current = lq.ramp(0.1)
    for _ in range(11):
        current = current * lq.ramp(0.1)
    with pytest.raises(lq.ParameterError) as caught:
        current * lq.ramp(0.1)
    assert str(caught.value) == "'factors' must multiply to a degree of at most 12 (got 13.0)"


@pytest.mark.parametrize(
    ("count", "build"),
    [
        # Decays of different time constants from different times on: n^2/2 terms.
        (50, lambda parts: lq.Current(tuple(parts)).normal_form),
        (20, lambda parts: lq.Current(tuple(parts)) * lq.Current(tuple(parts))),
    ],
)
def test_more_terms_than_fit_in_memory_are_refused(count, build, monkeypatch):
    """Sums and products grow with the square of their shapes; half as many fit. A thousand pieces
    of few terms are no such thing."""
    monkeypatch.setattr(pieces, "MAX_TERMS", 800)
    parts = [lq.decay(1.0, 10.0 + k, start=k).parts[0] for k in range(count)]
    build(parts[: count // 2])
    with pytest.raises(lq.LimitError, match="more than 800 exponential terms"):
        build(parts)
    piece = (0.0, 0.0, 0.0, [(0.0, 1.0, 0.0, -1.0 / k, 0.0, 0.0, 0.0) for k in range(1, 31)])
    with pytest.raises(lq.LimitError):  # before any of them is made
        pieces.multiply(piece, piece, 1.0)
    times = [float(k) for k in range(1000)]
    assert len((lq.sampled(times, times) * lq.sine(1.0, 5.0)).normal_form) >= 1000


def test_every_shape_is_final_and_frozen():
    """No shape inherits from another, and none can be changed."""
    assert all(cls.__bases__ == (Part,) for cls in kinds().values())
    with pytest.raises(AttributeError):
        Constant(amplitude=1.0).amplitude = 2.0
    with pytest.raises(AttributeError):
        lq.constant(1.0).parts = ()


def test_an_alpha_peaks_where_it_says():
    """Its largest value is `amplitude`, at start + tau."""
    current = lq.alpha(-1.5, 7.0, start=3.0)
    assert current(10.0) == pytest.approx(-1.5, rel=1e-15)
    assert np.abs(current(np.linspace(0, 100, 10_001))).max() <= 1.5 * (1 + 1e-15)
    assert Alpha(amplitude=1.0, tau=2.0).linear == "amplitude"
    assert Sampled(times=[0, 1], values=[0, 1]).linear == "factor"
    assert isinstance(current.deterministic, Pieces)
