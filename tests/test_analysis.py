"""Analysis: Lapicque's law, f-I, mean currents, and how far two spike trains are apart.

The truth is a formula in mpmath at 40 digits, quadrature of the recipe (independent.py), lists
written by hand, or a brute-force search; for f-I and pulses also the trains of the exact engine.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import random
import subprocess
import sys
import time
from array import array
from pathlib import Path

import independent
import numpy as np
import pytest
import strategies
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import lapicque as lq
from lapicque import analysis
from lapicque.analysis import asked, excitability

EPSILON = 2.0**-52

CHECKED = lq.LIF(tau_m=10.0, R_m=40.0, E_L=-70.0, V_reset=-70.0, V_th=-55.0, t_ref=2.0)
LEAKY = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)  # rheobase 1.5 nA, tau_m 10 ms
PERFECT = lq.PIF(C_m=2.0, V_th=-50.0, V_reset=-65.0)  # 30 pC
WILLING = lq.LIF(R_m=10.0, C_m=1.0, E_L=-45.0)  # fires without input
RESET_ABOVE = lq.LIF(R_m=10.0, C_m=1.0, V_reset=-40.0, t_ref=4.0)


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


def membrane(neuron):
    """R_m, tau_m of the numbers given, at 40 digits."""
    known = {name: mpf(value) for name, value in neuron.given().items()}
    if neuron.derived == "R_m":
        known["R_m"] = known["tau_m"] / known["C_m"]
    elif neuron.derived == "tau_m":
        known["tau_m"] = known["R_m"] * known["C_m"]
    return known["R_m"], known["tau_m"]


def true_rheobase(neuron):
    if isinstance(neuron, lq.PIF):
        return mpf(0)
    return (mpf(neuron.V_th) - mpf(neuron.E_L)) / membrane(neuron)[0]


def true_law(neuron, duration):
    """Lapicque's law; for the PIF the charge over the duration."""
    if isinstance(neuron, lq.PIF):
        return mpf(neuron.C_m) * (mpf(neuron.V_th) - mpf(neuron.V_reset)) / mpf(duration)
    return true_rheobase(neuron) / -mp.expm1(-mpf(duration) / membrane(neuron)[1])


def silent(neuron):
    """Whether a neuron without input stays silent."""
    return isinstance(neuron, lq.PIF) or neuron.V_th > neuron.E_L


def close(value, truth, ulps):
    """Whether a double is right to so many ulp, relative."""
    return abs(mpf(value) - truth) <= ulps * EPSILON * abs(truth)


# -------------------------------------------------------------------------------- f-I, rheobase


def true_rate(neuron, current):
    """Hz, from one reset to the next; None where doubles may see a tie with the rheobase."""
    if isinstance(neuron, lq.PIF):
        rise = true_law(neuron, current) if current > 0.0 else mp.inf
    else:
        resistance, tau = membrane(neuron)
        drive = resistance * mpf(current)
        excess = drive - (mpf(neuron.V_th) - mpf(neuron.E_L))
        if abs(excess) <= 3 * EPSILON * abs(drive):
            return None
        below = drive - (mpf(neuron.V_reset) - mpf(neuron.E_L))
        rise = tau * mp.log(below / excess) if excess > 0 else mp.inf
    return 1000 / (mpf(neuron.t_ref) + rise)


def test_the_check_value():
    """The design's period at 0.5 nA, 15.862943611198906 ms, and dT/dI = -60 ms/nA there."""
    assert analysis.f_I(CHECKED, 0.5) == pytest.approx(1000.0 / 15.862943611198906, rel=1e-15)
    up, down = (1000.0 / analysis.f_I(CHECKED, 0.5 + h) for h in (1e-5, -1e-5))
    # A central difference: T''' h^2 / 6 = 1e-6 ms/nA here, rounding 4e-15 / 2e-5 = 2e-10.
    assert (up - down) / 2e-5 == pytest.approx(-60.0, abs=1e-5)


@given(
    strategies.renewal_neurons(),
    st.one_of(
        strategies.numbers(-3.0, 30.0),
        strategies.spread(1e-12, 1.0).map(lambda x: ("above", x)),
    ),
)
def test_the_rate_is_the_formula(neuron, drawn):
    """To 5 ulp, also 1e-12 above the rheobase; roundings: rise, sum, quotient."""
    above = isinstance(drawn, tuple)
    current = neuron.rheobase() + abs(neuron.rheobase() or 1.0) * drawn[1] if above else drawn
    truth = true_rate(neuron, current)
    assume(truth is not None)
    assert close(analysis.f_I(neuron, current), truth, 5)


@pytest.mark.parametrize("neuron", [LEAKY, CHECKED, PERFECT, WILLING, LEAKY.replace(t_ref=0.0)])
@pytest.mark.parametrize("above", [1e-9, 0.01, 1.0, 20.0])
def test_the_rate_is_that_of_a_train(neuron, above):
    """Of the exact engine's own intervals, differences of pairs: 1e-15."""
    current = neuron.rheobase() + above
    train = lq.simulate(neuron, lq.constant(current), float(3500 / true_rate(neuron, current)))
    assert train.spike_count >= 2
    assert analysis.f_I(neuron, current) == pytest.approx(1000.0 / train.intervals[-1], rel=1e-15)


def test_no_rate_at_or_below_the_rheobase():
    """A tie counts as one also where decimal numbers miss it: 3 MOhm times 0.1 nA is not 0.3 mV."""
    tie = lq.LIF(R_m=3.0, C_m=1.0, E_L=0.0, V_reset=0.0, V_th=0.3)
    assert 3.0 * 0.1 > 0.3
    assert list(analysis.f_I(tie, [-1.0, 0.0, 0.1])) == [0.0, 0.0, 0.0]
    assert analysis.f_I(tie, 0.1 + 1e-12) > 0.0
    assert analysis.f_I(LEAKY, 1.5) == 0.0
    assert list(analysis.f_I(PERFECT, [-1.0, 0.0])) == [0.0, 0.0]


def test_strong_and_weak_currents_have_finite_rates():
    """The refractory period caps the rate; the weakest currents underflow to 0 Hz."""
    assert analysis.f_I(LEAKY, 1e30) == 500.0
    assert analysis.f_I(PERFECT, 1e-290) == pytest.approx(1000.0 / 3e291)
    assert analysis.f_I(PERFECT, 1e-305) == 0.0


@pytest.mark.parametrize(
    ("neuron", "current", "rate"),
    [
        (RESET_ABOVE, 1.4, 0.0),
        (RESET_ABOVE, 1.5, 0.0),
        (RESET_ABOVE, 1.6, 250.0),
        (RESET_ABOVE.replace(E_L=-45.0), -3.0, 250.0),
        (RESET_ABOVE.replace(V_reset=-50.0), 1.6, 250.0),
        (lq.PIF(V_reset=-50.0, t_ref=8.0), -1.0, 125.0),
        (lq.PIF(V_reset=-50.0, t_ref=8.0), 1.0, 125.0),
    ],
)
def test_a_reset_at_or_above_the_threshold(neuron, current, rate):
    """Once per t_ref, if the neuron fires at all from its own start, as the engine's trains do."""
    train = lq.simulate(neuron, lq.constant(current), 200.0)
    assert (1000.0 / train.intervals[-1] if train.spikes else 0.0) == pytest.approx(rate)
    assert analysis.f_I(neuron, current) == rate


@given(strategies.renewal_neurons())
def test_the_rheobase_is_the_formula(neuron):
    """To 2 ulp; the engine is silent there, also for the doubles next to it."""
    assert close(analysis.rheobase(neuron), true_rheobase(neuron), 2)
    if silent(neuron):
        assert analysis.f_I(neuron, analysis.rheobase(neuron)) == 0.0


def test_a_rheobase_says_what_it_is_the_threshold_of():
    """A float in all else: sums, JSON, format, copies."""
    found = analysis.rheobase(LEAKY)
    assert isinstance(found, analysis.Rheobase)
    assert (found.criterion, found.tolerance) == ("repetitive", 0.0)
    first = analysis.rheobase(LEAKY, "first spike")
    assert (first, first.criterion) == (found, "first spike")
    assert (found, 2 * found, f"{found:.2f}", str(found)) == (1.5, 3.0, "1.50", "1.5")
    assert (json.dumps(found), repr(first)) == ("1.5", "Rheobase(1.5, criterion='first spike')")
    again = pickle.loads(pickle.dumps(first))
    assert (again, again.criterion, copy.copy(first).criterion) == (1.5, *["first spike"] * 2)
    with pytest.raises(lq.ParameterError, match="'criterion' must be 'first spike' or 'repet"):
        analysis.rheobase(LEAKY, "twice")


# ------------------------------------------------------------- neurons without a closed form

FORGETFUL = [LEAKY, CHECKED, LEAKY.replace(t_ref=0.0, V_reset=-80.0)]


@pytest.fixture
def by_engine(monkeypatch):
    """A LIF that is asked as a neuron with memory is: by simulation alone, no closed form."""
    monkeypatch.setattr(lq.LIF, "renewal", False)
    monkeypatch.setattr(lq.LIF, "rheobase", None)


@pytest.mark.parametrize("neuron", FORGETFUL)
@pytest.mark.parametrize("above", [1e-6, 0.01, 1.0, 20.0])
@pytest.mark.parametrize("kind", ["steady", "onset"])
def test_the_engine_finds_the_rate(by_engine, neuron, above, kind):
    """A LIF's intervals are alike from the first reset on: 1e-9, and 1e-13 as nothing changes.

    From E_L the first interval begins after a first spike, so it is one of them.
    """
    current = float(true_rheobase(neuron)) + above
    truth = float(true_rate(neuron, current))
    assert analysis.f_I(neuron, current, kind) == pytest.approx(truth, rel=1e-13)
    assert list(analysis.f_I(neuron, [current, -1.0], kind)) == [pytest.approx(truth), 0.0]


@given(strategies.lifs())
@settings(max_examples=15)
def test_the_engine_finds_the_rheobase(neuron):
    """By both criteria, also below 0, to the tolerance, and from E_L below the threshold."""
    assume(silent(neuron))
    truth = true_rheobase(neuron)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lq.LIF, "renewal", False)
        for criterion in ("first spike", "repetitive"):
            for tolerance in (1e-3, 1e-12):
                found = analysis.rheobase(neuron, criterion, tolerance=tolerance)
                assert (found.criterion, found.tolerance) == (criterion, tolerance)
                assert -4 * EPSILON <= mpf(found) / truth - 1 <= tolerance + 4 * EPSILON


def test_a_neuron_that_fires_whatever_the_current_has_no_rheobase(by_engine):
    """It starts at its threshold: an error that says so, from either search."""
    for neuron in (WILLING, lq.LIF(E_L=-50.0)):
        with pytest.raises(lq.LimitError, match="'criterion' separates no currents"):
            analysis.rheobase(neuron)
        for ask in PULSES.values():
            with pytest.raises(lq.ParameterError, match="'neuron' must be silent without input"):
                ask(neuron)


@pytest.mark.parametrize("least", [-1e20, -100.0, -0.3, -1e-9, 0.0, 1e-9, 0.7, 3.0, 1e20])
def test_the_search_finds_any_threshold(least):
    """Of either sign and any size, to the tolerance; 0 to the least current there is."""

    def fires(current):
        return current > least

    low, high = excitability._bisect(fires, *excitability._bracket(fires), 1e-12)
    assert low <= least <= high
    assert high - low <= max(1e-12 * abs(least), 1e-30)


def test_a_neuron_that_stops_has_two_rheobases(by_engine, monkeypatch):
    """One that fires on from 2 nA only, as if it adapted for good: the criteria differ."""

    def tiring(neuron, current, duration, *, state=None, **caps):
        weak = current.parts[0].amplitude < 2.0
        if weak and state is not None:
            current = lq.constant(0.0)
        return lq.simulate(neuron, current, duration, state=state, **caps)

    monkeypatch.setattr(excitability, "simulate", tiring)
    assert analysis.rheobase(LEAKY, "first spike") == pytest.approx(1.5, rel=2e-12)
    assert analysis.rheobase(LEAKY, "repetitive") == pytest.approx(2.0, rel=2e-12)
    assert analysis.f_I(LEAKY, 1.9) == 0.0  # and the steady rate below it is 0
    assert analysis.f_I(LEAKY, 1.9, "onset") > 0.0


@pytest.mark.parametrize("neuron", FORGETFUL)
def test_the_engine_finds_lapicques_law(by_engine, neuron):
    """Strength-duration to 2e-12, chronaxie too, the duration of least energy to 1e-6."""
    tau = membrane(neuron)[1]
    for duration in (0.05, 3.0, 12.0, 80.0):
        found = analysis.strength_duration(neuron, duration)
        assert abs(mpf(found) / true_law(neuron, duration) - 1) < 2e-12
    assert abs(analysis.chronaxie(neuron) / (tau * mp.log(2)) - 1) < 4e-12
    weiss = true_rheobase(neuron) * (1 + tau * mp.log(2) / 7)
    assert abs(analysis.weiss(neuron, 7.0) / weiss - 1) < 4e-12
    least = tau * mp.findroot(lambda x: mp.exp(x) - 1 - 2 * x, 1.25)
    assert abs(analysis.least_energy_duration(neuron) / least - 1) < 1e-6


def test_a_current_beyond_measure_is_an_error(by_engine):
    """More spikes than anyone may wait for, in the shortest run; a strong one is no trouble."""
    assert analysis.f_I(LEAKY, 1e5) == pytest.approx(float(true_rate(LEAKY, 1e5)), rel=1e-12)
    for kind in ("steady", "onset"):
        with pytest.raises(lq.LimitError, match="weaken the current"):
            analysis.f_I(LEAKY.replace(t_ref=0.0), 1e20, kind)


def test_a_pattern_of_intervals_counts_as_a_whole():
    """Bursts of three: the mean over the pattern; what changes is no pattern."""
    burst = [2.0, 3.0, 15.0]
    assert excitability._pattern_rate(burst * 4, 1e-9) == pytest.approx(150.0)
    assert math.isnan(excitability._pattern_rate([1.0, 2.0, 4.0, 8.0, 16.0], 1e-9))
    assert math.isnan(excitability._pattern_rate([1.0], 1e-9))


def test_a_train_that_does_not_settle_is_an_error(by_engine, monkeypatch):
    monkeypatch.setattr(excitability, "_SETTLING_SPIKES", 200)
    monkeypatch.setattr(excitability, "_pattern_rate", lambda *args: math.nan)
    with pytest.raises(lq.LimitError, match=r"'tolerance' is not met: after \d+ spikes") as caught:
        analysis.f_I(LEAKY, 2.0)
    assert (caught.value.path, caught.value.also) == ("tolerance", ("currents",))


@pytest.mark.parametrize("wrong", ["first", None, 1])
def test_a_rate_is_steady_or_at_the_onset(wrong):
    with pytest.raises(lq.ParameterError, match="'kind' must be 'steady' or 'onset'"):
        analysis.f_I(LEAKY, 2.0, wrong)


# --------------------------------------------------------------------------------- Lapicque's law

DURATIONS = st.one_of(strategies.spread(1e-30, 1e30), strategies.spread(1e-3, 1e3))


@given(strategies.renewal_neurons(), DURATIONS)
@example(LEAKY, 1e-30)
@example(LEAKY, 1e30)
def test_lapicques_law(neuron, duration):
    """To 4 ulp at any duration: six roundings of half an ulp, and expm1's own."""
    assume(silent(neuron))
    assert close(analysis.strength_duration(neuron, duration), true_law(neuron, duration), 4)


@given(strategies.renewal_neurons(), DURATIONS)
def test_weisss_law(neuron, duration):
    """Rheobase times ``1 + tau_m ln 2 / d``, to 4 ulp; for the PIF the charge over d."""
    assume(silent(neuron))
    if isinstance(neuron, lq.PIF):
        truth = true_law(neuron, duration)
    else:
        twice = membrane(neuron)[1] * mp.log(2)
        truth = true_rheobase(neuron) * (1 + twice / mpf(duration))
    assert close(analysis.weiss(neuron, duration), truth, 4)


def test_the_two_laws_meet_at_the_chronaxie_and_for_long_pulses():
    """Both are 2 there; of short pulses Weiss's takes ln 2 of the charge."""
    twice = analysis.chronaxie(LEAKY)
    for law in (analysis.strength_duration, analysis.weiss):
        assert law(LEAKY, twice) == pytest.approx(3.0, rel=4 * EPSILON)
        assert law(LEAKY, 1e18) == 1.5
    short = analysis.weiss(LEAKY, 1e-9) / analysis.strength_duration(LEAKY, 1e-9)
    assert short == pytest.approx(math.log(2.0), rel=1e-9)


def test_chronaxie():
    """The design's 6.931471805599453 ms at tau_m 10; infinite for the PIF."""
    assert analysis.chronaxie(LEAKY) == 6.931471805599453
    assert analysis.chronaxie(lq.LIF(tau_m=20.0, C_m=0.3)) == pytest.approx(20.0 * math.log(2.0))
    assert analysis.chronaxie(PERFECT) == math.inf


def test_the_duration_of_least_energy():
    """The root of e^x = 1 + 2 x at 40 digits, 1.2564 tau_m; and the energy is least there."""
    root = mp.findroot(lambda x: mp.exp(x) - 1 - 2 * x, 1.25)
    assert close(root, -mpf(1) / 2 - mp.lambertw(-1 / (2 * mp.sqrt(mp.e)), -1), 1)
    best = analysis.least_energy_duration(LEAKY)
    assert close(best, 10 * root, 1)
    assert analysis.least_energy_duration(lq.LIF(tau_m=1.0, R_m=1.0)) == float(root)

    def energy(duration):
        return analysis.strength_duration(LEAKY, duration) ** 2 * duration

    # Second order: 1e-4 away the energy is 5e-9 larger, far above rounding.
    assert energy(best) < min(energy(0.9999 * best), energy(1.0001 * best))
    assert analysis.least_energy_duration(PERFECT) == math.inf


PULSES = {
    "strength_duration": lambda neuron: analysis.strength_duration(neuron, 5.0),
    "weiss": lambda neuron: analysis.weiss(neuron, 5.0),
    "chronaxie": analysis.chronaxie,
    "least_energy_duration": analysis.least_energy_duration,
    "threshold_amplitude": lambda neuron: analysis.threshold_amplitude(neuron, 5.0),
}


@pytest.mark.parametrize("name", PULSES)
@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        (
            WILLING,
            "'E_L' must be < V_th = -50 mV for a pulse to have a threshold (got -45.0). "
            "This neuron fires without input: lower E_L or raise V_th.",
        ),
        (
            lq.PIF(V_reset=-50.0, t_ref=1.0),
            "'V_reset' must be < V_th = -50 mV for a pulse to have a threshold (got -50.0). "
            "This neuron fires without input: lower V_reset or raise V_th.",
        ),
    ],
    ids=["LIF", "PIF"],
)
def test_a_neuron_that_fires_without_input_has_no_threshold(name, neuron, message):
    with pytest.raises(lq.ParameterError) as caught:
        PULSES[name](neuron)
    assert str(caught.value) == message
    assert caught.value.also == ("V_th",)


# ----------------------------------------------------------------------- the law, found by pulses


@given(strategies.renewal_neurons(), strategies.spread(1e-6, 1e5))
@example(LEAKY, 1e5)
def test_simulated_pulses_obey_the_law(neuron, duration):
    """1e-14 is the bracket's width, 2 ulp of the drive are a tie, the engine's rest is pairs."""
    assume(silent(neuron))
    found = analysis.threshold_amplitude(neuron, duration)
    assert abs(mpf(found) / true_law(neuron, duration) - 1) < 2e-14


@given(strategies.renewal_neurons(), strategies.spread(1e-3, 1e3), strategies.spread(1e-15, 0.5))
def test_the_amplitude_found_is_the_weakest(neuron, duration, tolerance):
    """It evokes a spike, and one weaker by the tolerance does not, in pulses of the neuron itself.

    The run goes on after the pulse; one ulp more is asked of the spike, which may come with it.
    """
    assume(silent(neuron))
    found = analysis.threshold_amplitude(neuron, duration, tolerance)

    def spikes(amplitude):
        pulse = lq.step(amplitude, 5.0, 5.0 + duration)
        start = neuron.default_V_0()
        return lq.simulate(neuron, pulse, 10.0 + 2.0 * duration, V_0=start).spike_count

    # 5 + duration is rounded: the pulse may be shorter by as much.
    slack = 8.0 * EPSILON * (1.0 + 5.0 / duration)
    assert spikes(found * (1.0 + slack)) >= 1
    assert spikes(found * (1.0 - max(tolerance, 4.0 * EPSILON) - slack)) == 0


@pytest.mark.parametrize("neuron", [LEAKY, PERFECT, CHECKED, RESET_ABOVE])
@pytest.mark.parametrize("duration", [0.01, 3.0, 70.0])
def test_no_tolerance_goes_down_to_neighbouring_doubles(neuron, duration):
    """The double before the one that is found evokes nothing; a touch at the pulse's end does."""
    found = analysis.threshold_amplitude(neuron, duration, tolerance=0.0)
    for amplitude, spikes in ((found, 1), (math.nextafter(found, 0.0), 0)):
        pulse = lq.step(amplitude, 0.0, duration)
        assert lq.simulate(neuron, pulse, duration).spike_count == spikes
    assert close(found, true_law(neuron, duration), 4)


def test_the_search_knows_no_formula_and_few_pulses(monkeypatch):
    """Neither law nor rheobase is asked; about a dozen runs, of one spike at most, not fifty."""
    monkeypatch.delattr(excitability, "strength_duration")
    monkeypatch.delattr(excitability, "rheobase")
    monkeypatch.setattr(lq.LIF, "rheobase", None)
    runs = []

    def counted(*args, max_spikes):
        runs.append(max_spikes)
        return lq.simulate(*args, max_spikes=max_spikes)

    monkeypatch.setattr(asked, "simulate", counted)
    for duration in (0.1, 5.0, 1000.0):
        runs.clear()
        truth = true_law(LEAKY, duration)
        assert abs(analysis.threshold_amplitude(LEAKY, duration) / truth - 1) < 2e-14
        assert 4 < len(runs) < 20
        assert {*runs} == {0}  # each ends at its first spike


def test_a_pulse_so_short_has_no_threshold():
    """More than 1e30 nA would be needed: an error that says so."""
    with pytest.raises(lq.LimitError, match="'duration' is too short: no pulse of up to 1e") as e:
        analysis.threshold_amplitude(LEAKY, 1e-30)
    assert e.value.path == "duration"


# -------------------------------------------------------------------------- numbers, lists, arrays

CURVES = {
    "f_I": analysis.f_I,
    "strength_duration": analysis.strength_duration,
    "weiss": analysis.weiss,
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("neuron", [LEAKY, PERFECT], ids=["LIF", "PIF"])
def test_a_curve_is_of_the_kind_of_what_it_is_asked(name, neuron):
    """Numbers for numbers, array('d') for lists, tuples and arrays, ndarrays for ndarrays."""
    curve = CURVES[name]
    given_ = [0.5, 2.0, 7.0, 30.0]
    expected = [curve(neuron, x) for x in given_]
    assert {type(y) for y in expected} == {float}
    for many in (given_, tuple(given_), array("d", given_)):
        found = curve(neuron, many)
        assert (type(found), found.typecode) == (array, "d")
        assert list(found) == expected
    square = np.array(given_).reshape(2, 2)
    for many in (square, square.astype(np.float32), np.asfortranarray(square)):
        found = curve(neuron, many)
        assert (type(found), found.dtype, found.shape) == (np.ndarray, np.dtype(float), (2, 2))
        assert found.ravel().tolist() == expected
    for one in (np.float64(2.0), np.int64(2), np.array(2.0), 2, "2 nA" if name == "f_I" else "2ms"):
        assert type(curve(neuron, one)) is float
        assert curve(neuron, one) == expected[1]
    assert curve(neuron, []) == array("d")
    assert curve(neuron, np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("package", ["astropy.units", "pint", "quantities"])
def test_quantities_keep_their_unit(package):
    """Alone, in a list, and as an array: 1600 pA are 1.6 nA."""
    units = pytest.importorskip(package)
    units = units.UnitRegistry() if package == "pint" else units
    expected = analysis.f_I(LEAKY, 1.6)
    assert analysis.f_I(LEAKY, 1600.0 * units.pA) == pytest.approx(expected, rel=1e-12)
    for many in (["1600 pA"], np.array([1600.0]) * units.pA):
        assert list(analysis.f_I(LEAKY, many)) == pytest.approx([expected], rel=1e-12)
    with pytest.raises(lq.UnitError, match="currents"):
        analysis.f_I(LEAKY, np.array([1600.0]) * units.mV)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, 1e31, None, True, "many", [1.0, math.nan]])
def test_what_is_no_number_is_an_error(name, wrong):
    with pytest.raises(lq.ParameterError, match="'currents'" if name == "f_I" else "'durations'"):
        CURVES[name](LEAKY, wrong)
    with pytest.raises(lq.ParameterError):
        CURVES[name](LEAKY, np.array([1.0, math.nan]))


@pytest.mark.parametrize("wrong", [0.0, -1.0, 1e-31])
def test_a_pulse_lasts(wrong):
    for ask in (analysis.strength_duration, analysis.weiss, analysis.threshold_amplitude):
        with pytest.raises(lq.ParameterError, match=r"'durations?' must be"):
            ask(LEAKY, wrong)


@pytest.mark.parametrize("wrong", [-1e-9, 1.1, math.nan, "loose"])
def test_a_tolerance_is_a_share(wrong):
    with pytest.raises(lq.ParameterError, match="'tolerance' must be"):
        analysis.threshold_amplitude(LEAKY, 5.0, wrong)


@pytest.mark.parametrize(
    "ask",
    [
        lambda neuron: analysis.f_I(neuron, 1.0),
        analysis.rheobase,
        *PULSES.values(),
    ],
)
def test_what_is_no_neuron_is_an_error(ask):
    with pytest.raises(lq.ParameterError, match="'neuron' must be a neuron, such as LIF"):
        ask("LIF")


def test_it_runs_where_no_package_is_installed():
    """`-S -I`: no site-packages at all, as on the static page."""
    source = str(Path(analysis.__file__).parent.parent.parent)
    code = f"""
import sys
sys.path.insert(0, {source!r})
import lapicque as lq
from lapicque import analysis
neuron = lq.LIF(R_m=10.0, C_m=1.0)
e = lq.Experiment(neuron, lq.constant(1.8) + lq.sine(0.4, 20.0), 100.0)
analysis.f_I(neuron, [1.0, 2.0])
analysis.strength_duration(neuron, [1.0, 2.0]), analysis.weiss(neuron, 1.0)
analysis.threshold_amplitude(neuron, 5.0), analysis.mean_current(e)
analysis.compare([1.0, 2.0], e.run()).worst
analysis.rotation_number(neuron, 1.8, 0.4, 50.0), analysis.firing_map(neuron, 1.8, 0.4, 50.0, [0.0])
analysis.arnold_tongue(neuron, 1, 1, [0.1], frequency=60.0)
print(analysis.convergence(e, lq.RK4(dt=0.1), [0.4, 0.2, 0.1]).slope > 0.0, "numpy" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.stderr, done.stdout) == ("", "True False\n")


# ----------------------------------------------------------------------------------- mean current


@given(strategies.currents(), strategies.numbers(0.1, 150.0))
def test_the_mean_current_is_the_integral_over_the_duration(current, duration):
    """Quadrature of the recipe: V of a PIF in independent.py, good to 1e-13 of its sums."""
    experiment = lq.Experiment(LEAKY, current, duration)
    parts = current.to_dicts()
    keeper = lq.PIF(C_m=LEAKY.C_m)
    start = independent.kick(keeper, parts, 0.0)
    charge = independent.potential(keeper, parts, 0.0, start, [duration])[0].item() * keeper.C_m
    size = max(1.0, *(abs(independent.current(parts, np.linspace(0.0, duration, 50)))))
    assert analysis.mean_current(experiment) == pytest.approx(charge / duration, abs=1e-12 * size)


@given(strategies.currents(), strategies.numbers(0.1, 150.0))
def test_the_mean_current_is_what_a_perfect_integrator_keeps(current, duration):
    """The exact engine's V, with the threshold out of reach, whose digits bound the comparison."""
    keeper = lq.PIF(C_m=LEAKY.C_m, V_th=1e5, V_reset=0.0)
    state = lq.simulate(keeper, current, duration).state
    mean = analysis.mean_current(lq.Experiment(LEAKY, current, duration))
    assert mean * duration / LEAKY.C_m == pytest.approx(
        state.V + state.V_lo, abs=64 * EPSILON * 1e5
    )


def test_the_mean_current_of_known_integrals():
    """At 40 digits: constant, ramp, decay, alpha and a sine of many cycles."""
    length = mpf(1234.5)
    omega = 2 * mp.pi * mpf(0.0371)
    for current, charge in (
        (lq.constant(0.3), mpf(0.3) * length),
        (lq.step(2.0, 100.0, 350.0), mpf(500)),
        (lq.ramp(0.01), mpf(0.01) * length**2 / 2),
        (lq.decay(2.0, 30.0), -60 * mp.expm1(-length / 30)),
        (lq.alpha(1.0, 20.0), mp.e * (20 - (length + 20) * mp.exp(-length / 20))),
        (lq.sine(1.5, 37.1), mpf(1.5) * (1 - mp.cos(omega * length)) / omega),
        (lq.sine(1.0, 0.0, 1.0), mp.sin(mpf(1)) * length),
        (lq.sampled([0.0, 1.0, 2.0], [1e16, 1.0, -1e16], "hold", stop=3.0), mpf(1)),
    ):
        mean = analysis.mean_current(lq.Experiment(LEAKY, current, 1234.5))
        # Relative, and 1 ulp of the largest current for what cancels over the cycles.
        assert abs(mpf(mean) - charge / length) < 2e-15 * abs(charge / length) + 4e-16


def test_the_mean_current_of_no_time_is_the_current():
    """The limit of ever shorter runs, the right-hand side of a jump at 0."""
    current = lq.constant(0.5) + lq.decay(2.0, 30.0)
    assert analysis.mean_current(lq.Experiment(LEAKY, current, 0.0)) == 2.5


def test_a_charge_beyond_doubles_is_an_error():
    squared = lq.alpha(1e30, 1e29) * lq.alpha(1e30, 1e29)
    product = squared * squared * squared * squared * squared * squared
    with pytest.raises(lq.LimitError, match="range of doubles"):
        analysis.mean_current(lq.Experiment(LEAKY, product, 1e30))


# ----------------------------------------------------------------------------------------- compare


def lists(comparison):
    """A comparison's arrays as lists."""
    return [list(getattr(comparison, f.name)) for f in dataclasses.fields(comparison)]


REGULAR = [10.0, 20.0, 30.0, 40.0, 50.0]


@pytest.mark.parametrize(
    ("exact", "other", "expected"),
    [
        ([], [], [[], [], [], [], []]),
        ([], [3.0, 4.0], [[], [], [], [], [3.0, 4.0]]),
        ([3.0, 4.0], [], [[], [], [], [3.0, 4.0], []]),
        ([3.0], [90.0], [[3.0], [90.0], [87.0], [], []]),
        # Equal counts go by order, whatever the errors.
        (
            REGULAR,
            [12.0, 24.0, 36.0, 48.0, 60.0],
            [REGULAR, [12.0, 24.0, 36.0, 48.0, 60.0], [2.0, 4.0, 6.0, 8.0, 10.0], [], []],
        ),
        ([10.0, 20.0], [1.0, 99.0], [[10.0, 20.0], [1.0, 99.0], [-9.0, 79.0], [], []]),
        # A train that runs late misses the end, though its fourth spike is past the exact fifth.
        (
            REGULAR,
            [13.0, 26.0, 39.0, 52.0],
            [REGULAR[:4], [13.0, 26.0, 39.0, 52.0], [3.0, 6.0, 9.0, 12.0], [50.0], []],
        ),
        # One that runs early has more at the end.
        (
            REGULAR,
            [8.0, 16.0, 24.0, 32.0, 40.0, 48.0],
            [REGULAR, [8.0, 16.0, 24.0, 32.0, 40.0], [-2.0, -4.0, -6.0, -8.0, -10.0], [], [48.0]],
        ),
        # A miss in the middle, one at the beginning, and two in a row.
        (
            REGULAR,
            [10.25, 20.5, 40.25, 50.0],
            [
                [10.0, 20.0, 40.0, 50.0],
                [10.25, 20.5, 40.25, 50.0],
                [0.25, 0.5, 0.25, 0],
                [30.0],
                [],
            ],
        ),
        (
            REGULAR,
            [20.0, 30.0, 40.0, 50.0],
            [REGULAR[1:], REGULAR[1:], [0.0] * 4, [10.0], []],
        ),
        (
            REGULAR,
            [10.0, 40.0, 50.0],
            [[10.0, 40.0, 50.0], [10.0, 40.0, 50.0], [0.0] * 3, [20.0, 30.0], []],
        ),
        # A miss within a burst of intervals of 1 ms, between pauses of 30 ms.
        (
            [10.0, 11.0, 12.0, 13.0, 43.0, 44.0, 45.0],
            [10.125, 11.25, 13.25, 43.0, 44.125, 45.25],
            [
                [10.0, 11.0, 13.0, 43.0, 44.0, 45.0],
                [10.125, 11.25, 13.25, 43.0, 44.125, 45.25],
                [0.125, 0.25, 0.25, 0.0, 0.125, 0.25],
                [12.0],
                [],
            ],
        ),
        # In a burst 0.75 ms are too far, beside a pause they would not be.
        (
            [10.0, 11.0, 12.0, 42.0, 72.0],
            [10.0, 12.75, 42.75, 72.75],
            [
                [10.0, 42.0, 72.0],
                [10.0, 42.75, 72.75],
                [0.0, 0.75, 0.75],
                [11.0, 12.0],
                [12.75],
            ],
        ),
        # Extra spikes, far from the exact ones and near to one, before and after it.
        (
            REGULAR,
            [10.0, 15.0, 20.0, 30.0, 40.0, 50.0],
            [REGULAR, REGULAR, [0.0] * 5, [], [15.0]],
        ),
        (
            REGULAR,
            [10.0, 16.0, 20.0, 30.0, 40.0, 50.0],
            [REGULAR, REGULAR, [0.0] * 5, [], [16.0]],
        ),
        (
            REGULAR,
            [10.0, 20.0, 30.0, 31.0, 40.0, 50.0],
            [REGULAR, REGULAR, [0.0] * 5, [], [31.0]],
        ),
        # Of two candidates the nearer one.
        (
            REGULAR,
            [10.0, 20.0, 29.0, 30.25, 40.0, 50.0],
            [REGULAR, [10.0, 20.0, 30.25, 40.0, 50.0], [0.0, 0.0, 0.25, 0.0, 0.0], [], [29.0]],
        ),
        # Both.
        (
            [*REGULAR, 60.0],
            [10.0, 20.0, 40.0, 46.0, 50.5, 60.0, 68.0],
            [
                [10.0, 20.0, 40.0, 50.0, 60.0],
                [10.0, 20.0, 40.0, 50.5, 60.0],
                [0.0, 0.0, 0.0, 0.5, 0.0],
                [30.0],
                [46.0, 68.0],
            ],
        ),
        # A drift within each burst, that the input pulls back between them, is no break.
        (
            [10.0, 12.0, 14.0, 50.0, 52.0, 54.0, 90.0, 92.0, 94.0],
            [10.5, 13.0, 15.5, 50.25, 52.75, 55.25, 90.0, 92.5],
            [
                [10.0, 12.0, 14.0, 50.0, 52.0, 54.0, 90.0, 92.0],
                [10.5, 13.0, 15.5, 50.25, 52.75, 55.25, 90.0, 92.5],
                [0.5, 1.0, 1.5, 0.25, 0.75, 1.25, 0.0, 0.5],
                [94.0],
                [],
            ],
        ),
        # Half an interval is near enough; of two that are as near the earlier one.
        ([10.0, 20.0, 30.0], [25.0, 30.0], [[20.0, 30.0], [25.0, 30.0], [5.0, 0.0], [10.0], []]),
        (
            [10.0, 20.0, 30.0, 40.0],
            [18.0, 22.0, 30.0],
            [[20.0, 30.0], [18.0, 30.0], [-2.0, 0.0], [10.0, 40.0], [22.0]],
        ),
        # A single exact spike has no interval: its partner is the nearest one.
        ([10.0], [3.0, 9.0, 90.0], [[10.0], [9.0], [-1.0], [], [3.0, 90.0]]),
        ([3.0, 9.0, 90.0], [10.0], [[9.0], [10.0], [1.0], [3.0, 90.0], []]),
        # Times that fall together.
        ([5.0, 5.0], [5.0], [[5.0], [5.0], [0.0], [5.0], []]),
        ([5.0, 9.0], [5.0, 5.0, 9.0], [[5.0, 9.0], [5.0, 9.0], [0.0, 0.0], [], [5.0]]),
    ],
)
def test_trains_are_matched(exact, other, expected):
    """Lists written by hand: exact and other times of the pairs, errors, missed, extra."""
    assert lists(analysis.compare(exact, other)) == expected
    for kind in (tuple, np.array, lambda times: array("d", times)):
        assert lists(analysis.compare(kind(exact), kind(other))) == expected


def test_what_is_said_of_the_errors():
    """Worst with its sign, its number in the exact train, the mean size; none without a pair."""
    found = analysis.compare(REGULAR, [10.5, 30.25, 38.0, 50.0])
    assert list(found.missed) == [20.0]
    assert (found.worst, found.worst_index, found.mean_error) == (-2.0, 3, 2.75 / 4)
    nothing = analysis.compare([1.0], [])
    assert math.isnan(nothing.worst)
    assert math.isnan(nothing.mean_error)
    assert nothing.worst_index == -1
    with pytest.raises(dataclasses.FrozenInstanceError):
        nothing.missed = array("d")


def test_errors_are_differences_of_pairs():
    """At 1e6 ms a double is 1.2e-10 ms wide; the pairs of a response know 1e-20 of it."""
    train = lq.simulate(CHECKED, lq.constant(0.5), 1e6)
    rounded = analysis.compare(train, train.spikes)
    expected = [-low for low in train.spikes_lo]
    assert list(rounded.errors) == expected
    assert 1e-11 < abs(rounded.worst) <= 2.0**-34
    # Between two responses the low parts cancel.
    assert set(analysis.compare(train, train).errors) == {0.0}


trains = st.lists(strategies.numbers(0.0, 50.0), max_size=30).map(
    lambda gaps: np.cumsum(gaps).tolist()
)


@given(trains, trains)
def test_every_spike_is_counted_once(exact, other):
    """Pairs and leftovers add up to each train, in order; errors are the pairs' differences."""
    found = analysis.compare(exact, other)
    assert sorted([*found.exact_times, *found.missed]) == exact
    assert sorted([*found.other_times, *found.extra]) == other
    assert list(found.exact_times) == sorted(found.exact_times)
    assert list(found.other_times) == sorted(found.other_times)
    differences = [b - a for a, b in zip(found.exact_times, found.other_times, strict=True)]
    assert list(found.errors) == differences
    if differences:
        assert found.worst in differences
        assert abs(found.worst) == max(map(abs, differences))
        assert exact[found.worst_index] == found.exact_times[differences.index(found.worst)]


spaced = st.lists(st.floats(1.0, 50.0), min_size=1, max_size=30).map(
    lambda gaps: np.cumsum(gaps).tolist()
)


@given(spaced, st.floats(-0.2, 0.2), st.data())
def test_a_shift_and_lost_spikes_are_found(exact, shift, data):
    """Spikes at least 1 ms apart, shifted by less than a quarter of it, some left out.

    The shift is the error of all pairs, and what was left out is missed: seen from the other side
    it is extra.  (Of a train that lost its end the rest is a train that stops early.)
    """
    kept = data.draw(st.lists(st.booleans(), min_size=len(exact), max_size=len(exact)))
    other = [t + shift for t, keep in zip(exact, kept, strict=True) if keep]
    missed = [t for t, keep in zip(exact, kept, strict=True) if not keep]
    found = analysis.compare(exact, other)
    assert list(found.missed) == missed
    assert list(found.extra) == []
    assert list(found.errors) == pytest.approx([shift] * len(other), abs=1e-12)
    mirrored = analysis.compare(other, exact)
    assert list(mirrored.extra) == missed
    assert list(mirrored.missed) == []
    assert list(mirrored.errors) == pytest.approx([-shift] * len(other), abs=1e-12)


def local(times, k):
    """The smaller interval beside a spike."""
    return min(
        [abs(times[k] - times[m]) for m in (k - 1, k + 1) if 0 <= m < len(times)], default=math.inf
    )


def brute_force(exact, other):
    """The rule as it reads, in n^2: pairs of indices."""
    n, m = len(exact), len(other)
    if n == m:
        return [(k, k) for k in range(n)]
    errors = [b - a for a, b in zip(exact, other, strict=False)]
    breaks = [
        k
        for k in range(min(n, m))
        if abs(errors[k]) > 0.5 * min(local(exact, k), local(other, k))
        and abs(errors[k] - (errors[k - 1] if k else 0.0))
        > 0.5 * min(local(exact, k), local(other, k))
    ]
    first = breaks[0] if breaks else min(n, m)
    pairs = [(k, k) for k in range(first)]
    if first < min(n, m):
        distance = np.abs(np.subtract.outer(exact[first:], other[first:]))
        # Mutual nearest neighbours.
        for i in range(n - first):
            j = int(distance[i].argmin())
            mutual = int(distance[:, j].argmin()) == i
            if mutual and distance[i, j] <= 0.5 * local(exact, first + i):
                pairs.append((first + i, first + j))
    return pairs


@pytest.mark.parametrize("seed", range(40))
def test_large_random_trains_against_brute_force(seed):
    """Bursts and pauses, drift, jitter of all sizes, losses and additions; 1000 spikes and more.

    No two times are alike, so that every nearest neighbour is one.
    """
    draw = random.Random(seed)
    exact, t = [], 0.0
    while len(exact) < 1000:
        t += draw.choice([1.0, 3.0, 30.0]) * draw.uniform(0.2, 2.0)
        exact.append(t)
    jitter = draw.choice([0.0, 0.01, 0.3, 3.0])
    drift = draw.choice([0.0, 1e-4, 1e-2])
    loss = draw.choice([0.0, 0.001, 0.1])
    begin = draw.choice([0, 0, 500])
    other = [
        (1.0 + drift) * s + draw.gauss(0.0, jitter)
        for k, s in enumerate(exact)
        if k < begin or draw.random() >= loss
    ]
    other += [draw.uniform(exact[begin], t) for _ in range(draw.choice([0, 1, 50]))]
    other.sort()
    for a, b in ((exact, other), (other, exact)):
        found = analysis.compare(a, b)
        pairs = brute_force(a, b)
        assert list(found.exact_times) == [a[i] for i, _ in pairs]
        assert list(found.other_times) == [b[j] for _, j in pairs]
        assert list(found.missed) == [
            a[i] for i in sorted({*range(len(a))} - {p[0] for p in pairs})
        ]
        assert list(found.extra) == [b[j] for j in sorted({*range(len(b))} - {p[1] for p in pairs})]


def test_a_hundred_thousand_spikes_in_half_a_second():
    """Linear in the spikes; processor time, the best of three, as other work may run beside it."""
    draw = random.Random(1)
    exact = np.cumsum([draw.uniform(1.0, 20.0) for _ in range(100_000)])
    other = np.array([t + 0.1 for t in exact.tolist() if draw.random() > 0.01])
    best = math.inf
    for _ in range(3):
        begin = time.process_time()
        found = analysis.compare(exact, other)
        best = min(best, time.process_time() - begin)
    assert len(found.missed) == 100_000 - len(other) > 0
    assert best < 0.5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, math.nan], "must be a finite number in ms"),
        ([1.0, math.inf], "must be a finite number in ms"),
        ([2.0, 1.0], "must be in order, ms: entry 1 comes before 2, the one before it (got 1.0)"),
        (np.zeros((2, 2)), "must be a number in ms"),
        (5.0, "must be a response or a list of times in ms"),
        ("12", "must be a response or a list of times in ms"),
        (None, "must be a response or a list of times in ms"),
    ],
)
def test_what_is_no_train_is_an_error(wrong, message):
    for name, pair in (("exact", (wrong, [])), ("other", ([], wrong))):
        with pytest.raises(lq.ParameterError) as caught:
            analysis.compare(*pair)
        assert str(caught.value).startswith(f"'{name}' {message}")


# ------------------------------------------------------------------------------------- convergence

COARSE = [0.53 / 2**k for k in range(7)]
FINE = [0.11 / 2**k for k in range(7)]
REGULAR_RUN = lq.Experiment(LEAKY.replace(t_ref=1.7), lq.constant(1.83), 1300.0)
# Intervals of 26 to 30 ms; the end lies midway between two spikes.
VARYING_RUN = lq.Experiment(
    LEAKY.replace(t_ref=0.0), lq.constant(1.6) + lq.sine(0.02, 7.1, 0.4), 1483.0
)


@pytest.mark.parametrize(
    ("run", "method", "dts", "order"),
    [
        (VARYING_RUN, lq.Euler(dt=1.0), FINE, 1),
        (VARYING_RUN, lq.RK4(dt=1.0), FINE, 1),
        (VARYING_RUN, lq.Euler(dt=1.0, locate="linear"), FINE, 1),
        (VARYING_RUN, lq.RK2(dt=1.0, locate="linear"), COARSE, 2),
        (VARYING_RUN, lq.RK4(dt=1.0, locate="linear"), COARSE, 2),
        (VARYING_RUN, lq.RK4(dt=1.0, locate="hermite"), COARSE, 4),
        (REGULAR_RUN, lq.ExponentialEuler(dt=1.0, locate="linear"), COARSE, 2),
        (REGULAR_RUN, lq.RK2(dt=1.0, locate="linear"), COARSE, 2),
        (REGULAR_RUN, lq.ExponentialEuler(dt=1.0, locate="hermite"), COARSE, 4),
        (REGULAR_RUN, lq.RK4(dt=1.0, locate="hermite"), COARSE, 4),
    ],
)
def test_the_slope_is_the_order_of_theory(run, method, dts, order):
    """Orders: the lesser of the method's and of the spike's place (docs/theory.md, 8), to 0.13.

    A spike's error depends on its place u in its step: as 1 - u on the grid, u (1 - u) on a line,
    its square on a cubic, whose relative scatter over u is 0.58, 0.45 and 0.67.  The worst error
    adds up some 50 spikes: a scatter of at most 0.67 / sqrt(50) = 0.095 in log error.  Over 7 steps
    ln 2 apart the slope scatters by 0.095 / (ln 2 sqrt(28)) = 0.026, over the 5 that lie above
    rounding for order 4 by 0.095 / (ln 2 sqrt(10)) = 0.043: 0.13 is three times that.
    (On the grid a constant current would put every spike at one place: no such run.)
    """
    found = analysis.convergence(run, method, dts)
    assert set(found.missed) == set(found.extra) == {0}
    assert sum(w > f for w, f in zip(found.worst, found.floor, strict=True)) >= 5
    assert found.slope == pytest.approx(order, abs=0.13)


def test_each_step_is_compared_with_one_exact_run(monkeypatch):
    """The columns are those of `compare`; the exact run is made once, without the own method."""
    run = dataclasses.replace(VARYING_RUN, method=lq.Euler(dt=0.7), duration=200.0)
    exact = dataclasses.replace(run, method=None).run()
    method = lq.RK2(dt=99.0, locate="linear")
    made = []
    original = lq.Experiment.run
    monkeypatch.setattr(
        lq.Experiment, "run", lambda self, *a: made.append(self.method) or original(self, *a)
    )
    found = analysis.convergence(run, method, np.array([0.1, 2.0, 0.5]))
    assert made == [None, *(dataclasses.replace(method, dt=dt) for dt in (0.1, 2.0, 0.5))]
    assert found.method == method
    assert list(found.dts) == [0.1, 2.0, 0.5]
    for k, dt in enumerate(found.dts):
        train = lq.simulate(run.neuron, run.current, 200.0, method=lq.RK2(dt=dt, locate="linear"))
        single = analysis.compare(exact, train)
        assert (found.worst[k], found.mean[k]) == (abs(single.worst), single.mean_error)
        assert (found.missed[k], found.extra[k]) == (len(single.missed), len(single.extra))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.dts = array("d")


def test_an_exact_method_of_the_experiment_is_used():
    """Its way to find crossings is the user's choice."""
    run = dataclasses.replace(VARYING_RUN, method=lq.Exact(crossing="march"), duration=100.0)
    found = analysis.convergence(run, lq.RK4(dt=1.0), [0.1])
    assert found.missed[0] == 0


def made_up(dts, worst, missed, floor=0.0):
    """A record with these columns."""
    count = array("q", missed)
    none = array("q", bytes(8 * len(dts)))
    columns = [array("d", each) for each in (dts, worst, worst)]
    return analysis.Convergence(
        lq.Euler(dt=1.0), *columns, count, none, array("d", [floor] * len(dts))
    )


@pytest.mark.parametrize("order", [1.0, 2.5, 4.0])
def test_the_slope_is_by_least_squares(order):
    """A power law gives its exponent; points with misses, without a train or in the floor do not
    count; fewer than three, or three of one dt, give none."""
    dts = [1.0, 0.5, 0.25, 0.125]
    worst = [3.0 * dt**order for dt in dts]
    assert made_up(dts, worst, [0] * 4).slope == pytest.approx(order, rel=1e-14)
    wrong = made_up([*dts, 2.0, 4.0], [*worst, 0.1, math.nan], [0, 0, 0, 0, 3, 9])
    assert wrong.slope == pytest.approx(order, rel=1e-14)
    noisy = made_up([*dts, 0.01, 0.001], [*worst, 1e-13, 0.0], [0] * 6, floor=1e-12)
    assert noisy.slope == pytest.approx(order, rel=1e-14)
    jagged = [2.0, 0.3, 0.4, 0.01]
    fitted = np.polyfit(np.log(dts), np.log(jagged), 1)[0]
    assert made_up(dts, jagged, [0] * 4).slope == pytest.approx(fitted, rel=1e-12)
    assert math.isnan(made_up(dts[:2], worst[:2], [0] * 2).slope)
    assert math.isnan(made_up([1.0] * 3, [1.0, 2.0, 3.0], [0] * 3).slope)
    assert math.isnan(made_up([], [], []).slope)


def test_rounding_is_no_convergence():
    """A PIF under a constant current is exact in every method that locates: what is left is
    rounding, below the floor, which gives no slope.  The floor lies less than a hundred times
    above what is found, and far below any error of a method that is not exact."""
    run = lq.Experiment(lq.PIF(), lq.constant(1.7), 1000.0)
    for method in (lq.Euler(dt=1.0, locate="linear"), lq.RK4(dt=1.0, locate="hermite")):
        found = analysis.convergence(run, method, [1.0 / 3.0**k for k in range(6)])
        assert set(found.missed) == {0}
        assert all(w <= f for w, f in zip(found.worst, found.floor, strict=True))
        assert max(found.floor) < 1e-9
        assert math.isnan(found.slope)
    # 113 spikes in 1000 steps of 1 ms: half an ulp, times 1000 ms, times 1000/113 + 113.
    assert found.floor[0] == pytest.approx(2.0**-53 * 1000.0 * (1000.0 / 113 + 113), rel=1e-12)
    assert max(found.worst) > 0.01 * max(found.floor)


def test_a_step_at_which_the_method_diverges_has_no_train():
    """NaN and all missed; the other steps stand."""
    quick = lq.LIF(R_m=1.0, C_m=0.1, E_L=0.0, V_reset=0.0, V_th=1.0)
    run = lq.Experiment(quick, lq.constant(0.9) + lq.sine(0.5, 20.0), 400.0)
    count = run.run().spike_count
    assert count > 0
    found = analysis.convergence(run, lq.RK4(dt=1.0), [1.0, 0.01])
    assert math.isnan(found.worst[0])
    assert math.isnan(found.mean[0])
    assert (found.missed[0], found.extra[0]) == (count, 0)
    assert found.worst[1] > 0.0


def test_no_steps_and_no_spikes():
    """Nothing asked, nothing found; a silent neuron has no errors."""
    found = analysis.convergence(REGULAR_RUN, lq.Euler(dt=1.0), [])
    assert len(found.dts) == len(found.worst) == len(found.missed) == len(found.floor) == 0
    assert math.isnan(found.slope)
    silent_run = lq.Experiment(LEAKY, lq.constant(1.0), 50.0)
    found = analysis.convergence(silent_run, lq.Euler(dt=1.0), (0.5, 0.25, 0.1))
    assert all(map(math.isnan, found.worst))
    assert list(found.missed) == list(found.extra) == [0, 0, 0]
    assert math.isnan(found.slope)


def test_the_limits_of_convergence():
    """A step too fine, and too many spikes, of the exact run or of the method's."""
    with pytest.raises(lq.LimitError, match="'dts' must make at most 1000 steps") as caught:
        analysis.convergence(REGULAR_RUN, lq.Euler(dt=1.0), [1.0, 1e-3], max_steps=1000)
    assert caught.value.path == "dts"
    with pytest.raises(lq.LimitError, match="'max_spikes' was reached"):
        analysis.convergence(REGULAR_RUN, lq.Euler(dt=1.0), [1.0], max_spikes=5)
    count = REGULAR_RUN.run().spike_count
    early = lq.Euler(dt=1.0, locate="linear")
    assert dataclasses.replace(REGULAR_RUN, method=early).run().spike_count > count
    with pytest.raises(lq.LimitError, match="'max_spikes' was reached"):
        analysis.convergence(REGULAR_RUN, early, [1.0], max_spikes=count)


@pytest.mark.parametrize(
    ("method", "dts", "message"),
    [
        (lq.Exact(), [0.1], "'method' must be a fixed-step method, such as RK4"),
        (lq.RK4, [0.1], "'method' must be a fixed-step method, such as RK4"),
        ("RK4", [0.1], "'method' must be a fixed-step method, such as RK4"),
        (lq.RK4(dt=1.0), 0.1, "'dts' must be a list of time steps in ms"),
        (lq.RK4(dt=1.0), [0.1, 0.0], "'dts' must be > 0 ms"),
        (lq.RK4(dt=1.0), [math.nan], "'dts' must be > 0 ms"),
    ],
)
def test_what_convergence_is_not_asked(method, dts, message):
    with pytest.raises(lq.ParameterError, match=message):
        analysis.convergence(REGULAR_RUN, method, dts)


def test_what_is_no_experiment_is_an_error():
    for ask in (
        analysis.mean_current,
        lambda wrong: analysis.convergence(wrong, lq.Euler(dt=1.0), [0.1]),
    ):
        with pytest.raises(lq.ParameterError, match="'experiment' must be an experiment, such as"):
            ask(LEAKY)
