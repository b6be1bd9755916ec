"""Square waves, pulses, chirps and functions as polynomials.

Truth: sums of steps, mpmath at 40 digits, the functions themselves.
"""

import json
import math
import time

import mpmath as mp
import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import fit, link
from lapicque.current import MAX_PERIODS
from lapicque.kernels import membrane, moments

NEURON = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)


# Square waves and pulses --------------------------------------------------------------------


def test_a_square_wave_is_steps_up_and_down():
    """Binary numbers, so that edges are exact: equivalent to its steps, one by one."""
    wave = lq.square(0.5, 125.0, duty=0.25, start=3.0, stop=30.0)
    steps = lq.constant(-0.5, start=3.0, stop=30.0)
    for k in range(4):
        steps = steps + lq.step(1.0, 3.0 + 8.0 * k, 5.0 + 8.0 * k)
    assert wave.equivalent(steps)
    assert wave(2.9) == 0.0
    assert [wave(t) for t in (3.0, 5.0, 10.999, 11.0, 29.0, 30.0)] == [
        0.5,
        -0.5,
        -0.5,
        0.5,
        -0.5,
        0,
    ]


def test_pulses_are_steps():
    """By count and by their end; a pulse as long as the period makes a step of them all."""
    train = lq.pulses(1.5, 2.0, 10.0, count=3, start=5.0)
    steps = sum(lq.step(1.5, 5.0 + 10.0 * k, 7.0 + 10.0 * k) for k in range(3))
    assert train.equivalent(steps)
    assert lq.pulses(1.5, 2.0, 10.0, start=5.0, stop=35.0).equivalent(steps)
    assert lq.pulses(1.5, 10.0, 10.0, count=3).equivalent(lq.step(1.5, 0.0, 30.0))
    assert len(lq.pulses(1.5, 10.0, 10.0, count=3).normal_form) == 2
    assert lq.pulses(1.5, 0.0, 10.0, count=3).equivalent(lq.Current())
    assert lq.pulses(1.5, 2.0, 10.0, count=0).equivalent(lq.Current())
    assert lq.square(1.0, 10.0, duty=1.0, stop=500.0).equivalent(lq.step(1.0, 0.0, 500.0))
    assert lq.square(1.0, 10.0, duty=0.0, stop=500.0).equivalent(lq.step(-1.0, 0.0, 500.0))


def test_only_what_lies_in_the_window_is_made():
    """A kilohertz for a year costs nothing outside of 20 ms; its edges there are right."""
    wave = lq.square(1.0, 1000.0, stop=3e10).window(1e9, 1e9 + 20.0)
    assert len(wave.normal_form) < 50
    assert wave(1e9 + 0.25) == 1.0
    assert wave(1e9 + 10.75) == -1.0


@pytest.mark.parametrize(
    ("make", "path", "words"),
    [
        (lambda: lq.square(1.0, 10.0), "stop", "needs an end"),
        (lambda: lq.square(1.0, 0.0, stop=1.0), "frequency", "Hz"),
        (lambda: lq.square(1.0, 10.0, duty=1.5, stop=1.0), "duty", "[0, 1]"),
        (lambda: lq.pulses(1.0, 1.0, 10.0), "count", "Give count=, stop= or window="),
        (lambda: lq.pulses(1.0, 11.0, 10.0, 2), "width", "at most period = 10 ms"),
        (lambda: lq.pulses(1.0, 1.0, 10.0, 2.5), "count", "whole number"),
        (lambda: lq.pulses(1.0, 1.0, 10.0, -1), "count", "whole number"),
        (lambda: lq.pulses(1.0, 1.0, 0.0, 3), "period", "> 0 ms"),
        (lambda: lq.chirp(1.0, -1.0, 5.0, 10.0), "f_start", "Hz"),
        (lambda: lq.chirp(1.0, 1.0, 5.0, 0.0), "duration", "> 0 ms"),
        (lambda: lq.polynomial([0.0, 1.0], []), "edges", "one entry more"),
        (lambda: lq.polynomial([0.0, 0.0], [[1.0]]), "edges", "increase"),
        (lambda: lq.polynomial([0.0, 1.0], [[]]), "coefficients.0", "1 to 13 entries"),
        (lambda: lq.polynomial([0.0, 1.0], [[0.0] * 14]), "coefficients.0", "degree of at most 12"),
        (lambda: lq.polynomial([0.0, 1.0], [["a"]]), "coefficients.0", "nA/ms^k"),
        (lambda: lq.polynomial([0.0, 1.0], 3.0), "coefficients", "list of lists"),
        (lambda: lq.polynomial([0.0, 1.0], [[1.0]], error=-1.0), "error", "nA"),
    ],
)
def test_what_is_refused(make, path, words):
    """By name, with the rule."""
    with pytest.raises(lq.ParameterError) as caught:
        make()
    assert caught.value.path == path
    assert words in str(caught.value)


def test_too_many_pieces_are_a_limit():
    """With the cure; nothing hangs."""
    for make in (
        lambda: lq.square(1.0, 1000.0, stop=2.0 * MAX_PERIODS),
        lambda: lq.pulses(1.0, 0.1, 1.0, count=2 * MAX_PERIODS),
        lambda: lq.square(1.0, 1e9, stop=1e30),
    ):
        with pytest.raises(lq.LimitError, match="stop= or window="):
            make().normal_form  # noqa: B018
    with pytest.raises(lq.LimitError, match="cycles"):
        lq.chirp(1.0, 0.0, 1e9, 1e9)
    with pytest.raises(lq.LimitError, match=r"as far as .* ms: raise tolerance"):
        lq.from_function(lambda t: math.sin(1000.0 * t), 0.0, 1000.0)


# Chirps -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f_start", "f_stop", "duration", "phase"),
    [(1.0, 100.0, 1000.0, 0.3), (0.0, 200.0, 300.0, 0.0), (80.0, 0.0, 500.0, -2.0),
     (5.0, 5.0, 400.0, 1.0), (0.0, 0.0, 10.0, 0.7), (1.0, 1000.0, 10_000.0, 0.0)],
)  # fmt: skip
def test_a_chirp_is_a_sine_of_a_parabola(f_start, f_stop, duration, phase):
    """Within 2e-13 of the amplitude everywhere, and as much as an ulp of t is worth: mpmath."""
    current = lq.chirp(1.5, f_start, f_stop, duration, phase)
    fastest = 2e-3 * math.pi * max(f_start, f_stop)
    with mp.workdps(40):
        for k in range(700):
            t = duration * (k + 0.37) / 700.5
            s = mp.mpf(t)
            rise = (mp.mpf(f_stop) - mp.mpf(f_start)) / (2 * mp.mpf(duration))
            truth = 1.5 * mp.sin(mp.pi / 500 * s * (f_start + rise * s) + mp.mpf(phase))
            assert abs(current(t) - truth) <= 1.5 * (2e-13 + fastest * math.ulp(t))
    assert current(duration) == 0.0


def test_a_chirp_is_quick():
    """A second of chirp from 1 to 100 Hz takes some 40 ms, and its picture as long."""
    current = lq.constant(1.4) + lq.chirp(1.0, 1.0, 100.0, 1000.0)
    began = time.process_time()
    response = lq.simulate(NEURON, current, 1000.0)
    assert response.spike_count > 20
    response.voltage(np.linspace(0.0, 1000.0, 4000))
    assert time.process_time() - began < 0.5


# Functions ----------------------------------------------------------------------------------

FUNCTIONS = {
    "sine": lambda t: 1.4 + math.sin(0.05 * t),
    "bump": lambda t: 3.0 * math.exp(-(((t - 40.0) / 7.0) ** 2)),
    "rational": lambda t: 1.0 / (1.0 + (0.1 * (t - 30.0)) ** 2),
    "line": lambda t: 0.02 * t,
    "root": lambda t: 0.3 * math.sqrt(t + 1.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("tolerance", [1e-3, 1e-9, 1e-12])
def test_a_function_is_met_to_the_tolerance(name, tolerance):
    """At 2,000 times between; and V is off by at most R_m times as much: quadrature, mpmath."""
    function = FUNCTIONS[name]
    current = lq.from_function(function, 0.0, 100.0, tolerance)
    (part,) = current.parts
    assert part.error <= tolerance
    looks = np.linspace(0.0, 99.9999, 2003)
    worst = max(abs(current(t) - function(t)) for t in looks.tolist())
    assert worst <= 1.5 * max(part.error, 1e-14)
    silent = NEURON.replace(V_th=1000.0)
    v = lq.simulate(silent, current, 100.0).voltage(60.0)
    truth = mp.quad(
        lambda s: function(float(s)) * math.exp(-(60.0 - float(s)) / 10.0), range(0, 61, 5)
    )
    assert abs(v + 65.0 - float(truth)) <= 10.0 * tolerance + 1e-11


def test_jumps_are_named_and_breakpoints_cure_them():
    """A callable with a jump at 12.3 ms: the message has its time, and the cure."""

    def jumping(t):
        return 1.0 if t < 12.3 else 2.0 + 0.01 * t

    with pytest.raises(lq.ParameterError, match=r"near 12\.3 ms.*breakpoints=\[12\.3\]") as caught:
        lq.from_function(jumping, 0.0, 40.0)
    assert caught.value.path == "function"
    current = lq.from_function(jumping, 0.0, 40.0, breakpoints=[12.3])
    assert len(current.normal_form) == 3
    assert current(12.3, left=True) == pytest.approx(1.0, abs=1e-12)
    assert current(12.3) == pytest.approx(2.123, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"function": lambda t: math.nan}, "function", "finite number in nA at"),
        ({"function": lambda t: "x"}, "function", "finite number in nA at"),
        ({"function": lambda t: None}, "function", "finite number in nA at"),
        ({"function": lambda t: 1e200}, "function", "finite number in nA at"),
        ({"stop": 0.0}, "stop", "must be > start"),
        ({"tolerance": 0.0}, "tolerance", "> 0 nA"),
        ({"breakpoints": [50.0]}, "breakpoints", "between start = 0 and stop = 10 ms"),
    ],
)
def test_functions_that_cannot_be_fitted_are_refused(changes, path, words):
    """Never a silent sample."""
    given = {"function": math.sin, "start": 0.0, "stop": 10.0, **changes}
    with pytest.raises(lq.ParameterError) as caught:
        lq.from_function(**given)
    assert caught.value.path == path
    assert words in str(caught.value)


def test_a_file_has_the_polynomials_and_not_the_function():
    """Plain data, equal when it comes back, also from a link; scaled and delayed as any shape."""
    current = lq.from_function(math.cos, 2.0, 12.0, 1e-6, name="wave")
    experiment = lq.Experiment(NEURON, (current * 2.0).delayed(1.0), 30.0)
    data = json.loads(json.dumps(experiment.to_dict()))
    assert data["current"][0]["kind"] == "polynomial"
    assert 0.0 < data["current"][0]["error"] <= 1e-6
    assert lq.Experiment.from_dict(data) == experiment
    assert lq.Experiment.from_toml(experiment.to_toml()) == experiment
    (again,) = link.read(link.write(experiment)).experiments
    assert again == experiment
    assert again.current(8.0) == pytest.approx(2.0 * math.cos(7.0), abs=2e-6)


# The membrane under a polynomial ------------------------------------------------------------


@given(st.integers(0, 12), strategies.spread(1e-4, 10.0), strategies.spread(1e-6, 1e3))
@settings(max_examples=200)
def test_the_response_to_a_power(n, rate, x):
    """Within 1e-14: the integral in closed form at 60 digits; without a leak x^(n+1)/(n+1)."""
    with mp.workdps(60):
        r, s = mp.mpf(rate), mp.mpf(x)
        if r * s < 1:
            truth = s ** (n + 1) * mp.fsum(
                (-r * s) ** k * mp.factorial(n) / mp.factorial(n + 1 + k) for k in range(60)
            )
        else:
            truth = -mp.expm1(-r * s) / r
            for k in range(1, n + 1):
                truth = (s**k - k * truth) / r
        assert abs(moments.power_response(n, rate, x) / truth - 1) <= 1e-14
    assert moments.power_response(n, 0.0, x) == pytest.approx(x ** (n + 1) / (n + 1), rel=1e-14)


@given(strategies.SHAPES["polynomial"], strategies.numbers(0.1, 30.0))
@settings(max_examples=60)
def test_powers_move_together(current, s):
    """A polynomial moved to another time is the same one: its value and V, to 1e-12."""
    form = current.normal_form
    for p in range(len(form)):
        _, _, _, terms = form.moved(p, form.starts[p])
        v, _, k, moved = form.moved(p, form.starts[p] + s)
        here = form.value[p] + form.slope[p] * (s + 1.0)
        here += sum(t[1] * (s + 1.0) ** t[0] for t in terms)
        there = v + k + sum(t[1] for t in moved)
        size = sum(abs(t[1]) * (s + 1.0) ** t[0] for t in terms) + abs(v) + abs(k) + 1.0
        assert abs(here - there) <= 1e-12 * size


def test_powers_are_real_rows_from_the_top_down():
    """A piece of degree 8 anchors to nine rows, however many terms it has."""
    row = [1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002]
    form = lq.polynomial([0.0, 10.0], [row]).normal_form
    loc = [0.0] * membrane.anchored_size(form.terms, form.offset)
    count = membrane.anchor_terms(form.terms, 0, form.offset[1], 1.0, 0.0, 1.0, 0.1, loc)
    kinds = [loc[membrane.LOC * k] for k in range(count)]
    assert kinds == [membrane.POWER] * 9
    assert [loc[membrane.LOC * k + 1] for k in range(count)] == [8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_the_fit_of_a_polynomial_is_that_polynomial():
    """Degree 8 through Chebyshev's points gives back its coefficients."""
    row = [0.3, -1.0, 0.5, 0.25, -0.125, 0.0, 0.0, 0.01, -0.001]
    found, worst = fit.fitted(lambda s: fit.value(row, s), 0.0, 2.0)
    assert found == pytest.approx(row, abs=1e-12)
    assert worst <= 1e-13
