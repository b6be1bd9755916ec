"""Neurons that remember their spikes: AdaptiveLIF, MAT, GLIF 1 to 5.

The truth is tests/longhand.py: closed forms in mpmath at 40 digits, by the sources' rules.
"""

import math
import random
import sys

import independent
import mpmath as mp
import numpy as np
import pytest
import strategies
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from longhand import DIGITS, Longhand, at, worst

import lapicque as lq

DRAWN = random.Random(1907)
FIVE = lq.GLIF(level=5)


def drawn(kind):
    """A neuron of ordinary size."""
    draw = DRAWN.uniform
    rest = draw(-75, -60)
    membrane = {"R_m": draw(5, 60), "tau_m": draw(5, 40), "E_L": rest, "V_th": rest + draw(8, 25)}

    def logarithmic(low, high):
        return [math.exp(draw(math.log(low), math.log(high))) for _ in range(2)]

    if kind == "AdaptiveLIF":
        reset = {"V_reset": membrane["V_th"] - draw(2, 20), "t_ref": DRAWN.choice([0.0, 2.3])}
        b = [draw(0, 0.15), draw(0, 0.15)]
        return lq.AdaptiveLIF(**membrane, **reset, b=b, tau_w=logarithmic(2, 300))
    if kind == "MAT":
        alpha = [draw(0, 40), draw(0, 4)]
        taus = logarithmic(4, 300)
        return lq.MAT(**membrane, t_ref=draw(1, 3), alpha=alpha, tau_theta=taus)
    level = int(kind[-1])
    more = {"level": level, "t_ref": draw(1, 4)}
    if level in (1, 3):
        more["V_reset"] = membrane["V_th"] - draw(2, 20)
    else:
        more["voltage_reset_fraction"], more["voltage_reset_add"] = draw(0, 0.5), draw(-5, 2)
        more["th_spike_add"], more["th_spike_decay"] = draw(0, 5), logarithmic(0.003, 0.3)[0]
    if level >= 3:
        more["asc_amps"], more["asc_r"] = [draw(-0.1, 0.02), draw(-0.1, 0.02)], [1.0, draw(0, 1)]
        more["asc_decay"] = logarithmic(0.003, 0.3)
    if level == 5:
        more["th_voltage_index"], more["th_voltage_decay"] = draw(-0.01, 0.03), draw(0.03, 0.3)
    return lq.GLIF(**membrane, **more)


KINDS = ["AdaptiveLIF", "MAT", "GLIF 2", "GLIF 3", "GLIF 4", "GLIF 5"]


def scale(neuron, offset, amplitude):
    return max(neuron.V_th - neuron.E_L, neuron.R_m * (abs(offset) + abs(amplitude)))


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_seconds_are_those_of_40_digits(kind):
    """Same count, and every spike within 1e-10 ms and the accumulated 16 ulp over V'."""
    neuron = drawn(kind)
    least = abs(neuron.rheobase())
    offset, amplitude, frequency = 1.05 * least, 0.3 * least, DRAWN.uniform(1, 8)
    current = lq.constant(offset) + lq.sine(amplitude, frequency)
    response = lq.simulate(neuron, current, 20_000.0)
    times, slopes = Longhand(neuron, offset, amplitude, frequency).train(20_000.0, 0.2)
    assert len(times) == response.spike_count > 20
    error, relative = worst(times, slopes, response.spikes, scale(neuron, offset, amplitude))
    assert error <= 1e-9
    assert relative <= 1.0


@given(
    st.one_of(strategies.adaptive_lifs(), strategies.mats(), strategies.glifs((2, 3, 4, 5))),
    strategies.numbers(0.5, 3.0),
    strategies.numbers(0.0, 2.0),
    strategies.spread(2.0, 200.0),
    st.sampled_from(["auto", "isolation", "march"]),
)
@settings(max_examples=40, deadline=None)
def test_trains_are_those_of_40_digits(neuron, strength, wave, frequency, crossing):
    """Any of them under a constant and a sine, 100 ms, by each way to find crossings."""
    least = (neuron.V_th - neuron.E_L) / neuron.R_m
    offset, amplitude = strength * least, wave * least
    current = lq.constant(offset) + lq.sine(amplitude, frequency)
    method = lq.Exact(crossing=crossing)
    try:
        response = lq.simulate(neuron, current, 100.0, method=method, max_spikes=60)
    except lq.LimitError:
        assume(False)
    times, slopes = Longhand(neuron, offset, amplitude, frequency).train(100.0)
    if response.grazes and len(times) != response.spike_count:
        return  # a peak within 16 ulp of the threshold
    assert len(times) == response.spike_count
    _, relative = worst(times, slopes, response.spikes, scale(neuron, offset, amplitude))
    assert relative <= 1.0


@pytest.mark.parametrize("shift", [0.0, 1e-15, 1e-9, 1e-4])
def test_the_resonance_is_no_special_case(shift):
    """A threshold that follows V at the membrane's own rate, exactly and all but exactly.

    An after-spike current decays at that rate too: three rates in one. The truth needs 100 digits.
    """
    known = {"R_m": 10.0, "tau_m": 10.0, "t_ref": 2.0, "th_voltage_index": 0.02}
    neuron = lq.GLIF(level=5, **known, th_voltage_decay=0.1 * (1.0 + shift))
    offset = 1.5 * abs(neuron.rheobase())
    response = lq.simulate(neuron, lq.constant(offset) + lq.sine(0.5, 20.0), 500.0)
    times, slopes = Longhand(neuron, offset, 0.5, 20.0, digits=100).train(500.0)
    assert len(times) == response.spike_count > 5
    assert worst(times, slopes, response.spikes, scale(neuron, offset, 0.5))[1] <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_v_threshold_and_currents_are_those_of_40_digits(kind):
    """V, the threshold and the after-spike current at times between spikes, to 1e-11."""
    neuron = drawn(kind)
    offset = 1.6 * abs(neuron.rheobase())
    response = lq.simulate(neuron, lq.constant(offset), 200.0)
    truth = Longhand(neuron, offset)
    t = mp.mpf(0)
    with mp.workdps(DIGITS):
        for spike in [*response.spikes[:6].tolist(), None]:
            for share in (0.1, 0.5, 0.9) if spike is not None else ():
                x = share * (spike - float(t))
                f, u, _ = truth.modes(t)
                v = at(u, x) + truth.given["E_L"]
                currents = sum(c * mp.e ** (-k * x) for c, k in truth.currents)
                time = float(t) + x
                if time > spike:
                    continue
                assert abs(response.voltage(time) - v) <= 1e-11
                assert abs(response.threshold(time) - (v - at(f, x))) <= 1e-11
                assert abs(response.after_spike_current(time) - currents) <= 1e-12
            if spike is not None:
                truth.move(t, mp.mpf(spike) - t)
                t = truth.spike(mp.mpf(spike))


# Rules --------------------------------------------------------------------------------------


def test_the_after_spike_current_is_reset_as_in_allensdk():
    """``asc_amps + asc_r I exp(-asc_decay t_ref)`` at the end of refractoriness, in this order."""
    neuron = lq.GLIF(level=3, asc_amps=[-0.01, -0.2], asc_decay=[0.003, 0.1], asc_r=[0.5, 1.0])
    response = lq.simulate(neuron, lq.constant(0.6), 100.0)
    first, second = response.spikes[:2].tolist()
    free = first + neuron.t_ref
    assert response.after_spike_current(free + 1e-12) == pytest.approx(-0.21, rel=1e-11)
    assert response.after_spike_current(0.5 * (first + free)) == 0.0
    gap = second - free
    kept = [-0.01 * math.exp(-0.003 * gap), -0.2 * math.exp(-0.1 * gap)]
    truth = -0.01 + 0.5 * kept[0] * math.exp(-0.003 * 3.75)
    truth += -0.2 + 1.0 * kept[1] * math.exp(-0.1 * 3.75)
    assert response.after_spike_current(second + 3.75 + 1e-12) == pytest.approx(truth, rel=1e-9)


def test_the_reset_rule_adds():
    """Levels 2, 4, 5: ``E_L + fraction (V - E_L) + add``, held through the refractory period."""
    neuron = lq.GLIF(level=2, voltage_reset_fraction=0.3, voltage_reset_add=4.0, th_spike_add=1.5)
    response = lq.simulate(neuron, lq.constant(0.6), 60.0)
    first, second = response.spikes[:2].tolist()
    v = neuron.E_L + 0.3 * (neuron.V_th - neuron.E_L) + 4.0
    assert response.voltage(first) == pytest.approx(v, rel=1e-13)
    assert response.voltage(first + 3.0) == response.voltage(first)
    assert response.threshold(first + 3.75 + 1e-12) == pytest.approx(neuron.V_th + 1.5, rel=1e-13)
    assert response.threshold(first, left=True) == neuron.V_th
    raised = 1.5 * math.exp(-0.009 * (second - first - 3.75))
    assert response.threshold(second, left=True) == pytest.approx(neuron.V_th + raised, rel=1e-13)
    assert response.voltage(second, left=True) == response.threshold(second, left=True)


def test_the_adaptation_current_jumps_at_the_spike():
    """AdaptiveLIF: w grows by b at once and decays through refractoriness."""
    neuron = lq.AdaptiveLIF(t_ref=2.0, b=0.25, tau_w=40.0)
    response = lq.simulate(neuron, lq.constant(2.0), 60.0, initial={"w": 0.1})
    spike = response.spikes[0]
    before = 0.1 * math.exp(-spike / 40.0)
    assert response.after_spike_current(0.0) == -0.1
    assert -response.after_spike_current(spike, left=True) == pytest.approx(before, rel=1e-12)
    for later in (0.0, 1.0, 3.0):
        truth = (before + 0.25) * math.exp(-later / 40.0)
        assert -response.after_spike_current(spike + later) == pytest.approx(truth, rel=1e-9)


def test_mat_is_not_reset_and_fires_again():
    """V runs on as without spikes; far above the threshold a spike follows every t_ref."""
    neuron = lq.MAT(alpha=[1.0], tau_theta=[50.0], t_ref=2.0)
    drive = lq.constant(2.0)
    response = lq.simulate(neuron, drive, 30.0)
    truth = independent.potential(neuron, drive.to_dicts(), 0.0, -70.0, [10.0, 30.0])
    assert response.voltage(np.array([10.0, 30.0])) == pytest.approx(truth, rel=1e-12)
    assert np.diff(response.spike_times) == pytest.approx(2.0, abs=1e-12)
    assert response.voltage(11.0) > response.threshold(11.0)
    # Each spike raises the threshold by alpha.
    k = int(np.searchsorted(response.spike_times, 15.0, side="right"))
    raised = sum(math.exp(-(15.0 - t) / 50.0) for t in response.spike_times[:k])
    assert response.threshold(15.0) == pytest.approx(-51.0 + raised, rel=1e-12)


def test_without_a_memory_it_is_the_lif():
    """Zero jumps: the LIF's own train, to an ulp or two of the times."""
    current = lq.constant(1.6) + lq.sine(0.8, 5.0)
    truth = lq.simulate(lq.LIF(t_ref=2.0), current, 1000.0).spike_times
    nothing = {"voltage_reset_fraction": 0.0, "voltage_reset_add": 0.0, "th_spike_add": 0.0}
    membrane = {"R_m": 10.0, "C_m": 1.0, "E_L": -65.0, "V_th": -50.0, "t_ref": 2.0}
    for neuron in (
        lq.AdaptiveLIF(t_ref=2.0, b=0.0),
        lq.GLIF(level=3, **membrane, asc_amps=0.0, asc_decay=0.1),
        lq.GLIF(level=2, **membrane, **nothing),
        lq.GLIF(level=5, **membrane, **nothing, asc_amps=0.0, asc_decay=1.0, th_voltage_index=0.0),
    ):
        times = lq.simulate(neuron, current, 1000.0).spike_times
        assert len(times) == len(truth)
        assert np.abs(times - truth).max() <= 1e-12


def test_an_endless_reset_is_an_error():
    """GLIF 2 whose reset leads above the threshold, with t_ref 0: said, with the time."""
    neuron = lq.GLIF(level=2, t_ref=0.0, voltage_reset_fraction=1.0, voltage_reset_add=5.0)
    for method in (lq.Exact(), lq.Euler(dt=0.1), lq.RK4(dt=0.1, locate="hermite")):
        with pytest.raises(lq.LimitError, match=r"'neuron.t_ref' must be > 0 ms here: at \d"):
            lq.simulate(neuron, lq.constant(0.6), 100.0, method=method)
    fires = lq.simulate(neuron.replace(t_ref=2.0), lq.constant(0.6), 60.0).spike_times
    assert np.diff(fires) == pytest.approx(2.0, abs=1e-12)


def test_a_long_approach_takes_few_evaluations(monkeypatch):
    """A millionth below the rheobase, 20 s: the bound on the curvature fades with what decays."""
    monkeypatch.setattr(sys.modules["lapicque.simulate"], "MAX_EVALUATIONS", 2000)
    for share in (1 - 1e-6, 1 - 1e-10, 1.01):
        response = lq.simulate(FIVE, lq.constant(share * FIVE.rheobase()), 20_000.0)
        assert (response.spike_count > 20) == (share > 1)


# Runs in pieces, initial states, kicks, methods ----------------------------------------------


@given(strategies.free_experiments(), strategies.numbers(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_a_run_goes_on_from_its_state(experiment, share):
    """Two runs, the second from the state of the first, are one."""
    whole = experiment.run()
    assume(not whole.grazes)
    cut = share * experiment.duration
    first = experiment.replace({"duration": cut}).run()
    rest = experiment.duration - cut
    second = lq.simulate(experiment.neuron, experiment.current, rest, state=first.state)
    joined = [*first.spikes, *second.spikes]
    assert len(joined) == whole.spike_count
    assert joined == pytest.approx(whole.spikes.tolist(), abs=1e-9)


@pytest.mark.parametrize(
    ("neuron", "initial", "message"),
    [
        (lq.LIF(), {"w": 0.1}, "'initial.w' is not a part of the state of LIF"),
        (lq.AdaptiveLIF(), {"W": 0.1}, "'initial.W' is not a part of the state"),
        (lq.AdaptiveLIF(), {"w": [0.1, 0.2]}, "'initial.w' must have 1 number"),
        (lq.MAT(), {"theta": 1.0}, "'initial.theta' must have 2 numbers"),
        (lq.MAT(), {"theta": ["1 nA", 2]}, "'initial.theta.0' must be convertible to mV"),
        (lq.GLIF(level=3), {"theta_s": 1.0}, "'initial.theta_s' is no state of level 3"),
    ],
)
def test_a_wrong_initial_state_is_an_error(neuron, initial, message):
    """One message with the path, from `simulate` and from an experiment."""
    with pytest.raises(lq.ParameterError) as caught:
        lq.simulate(neuron, lq.constant(1.0), 1.0, initial=initial)
    assert str(caught.value).startswith(message)
    with pytest.raises(lq.ParameterError):
        lq.Experiment(neuron, lq.constant(1.0), 1.0, initial=initial)


def test_an_initial_threshold_holds_the_first_spike_back():
    """MAT with theta of 30 mV at the start: V reaches the sum of what is left. Truth: V = theta."""
    neuron = lq.MAT()
    response = lq.simulate(neuron, lq.constant(0.6), 100.0, initial={"theta": [30.0, "0.001 V"]})
    t = response.spikes[0]
    v = -70.0 + 30.0 * -math.expm1(-t / 5.0)
    theta = -51.0 + 30.0 * math.exp(-t / 10.0) + math.exp(-t / 200.0)
    assert v == pytest.approx(theta, abs=1e-12)


def test_kicks_move_v_where_it_is_free():
    """A jump raises V at once and may spike; one while V is held is lost, MAT takes all."""
    held = lq.AdaptiveLIF(t_ref=5.0, b=0.1)
    response = lq.simulate(held, lq.kicks([10.0, 12.0, 20.0], jump=16.0), 40.0)
    assert response.spikes.tolist() == [10.0, 20.0]
    assert response.voltage(12.5) == -65.0
    neuron = lq.MAT(t_ref=5.0, alpha=[100.0], tau_theta=[10.0])
    response = lq.simulate(neuron, lq.kicks([10.0, 12.0], jump=20.0), 40.0)
    assert response.spikes.tolist() == [10.0]
    left = 20.0 * math.exp(-2.0 / 5.0)
    assert response.voltage(12.0) == pytest.approx(-50.0 + left, rel=1e-13)
    assert response.voltage(12.0, left=True) == pytest.approx(-70.0 + left, rel=1e-13)


@pytest.mark.parametrize(
    "neuron",
    [lq.AdaptiveLIF(t_ref=2.0, b=[0.1, 0.02], tau_w=[20.0, 200.0]), lq.MAT(), FIVE],
    ids=["AdaptiveLIF", "MAT", "GLIF 5"],
)
@pytest.mark.parametrize(
    ("method", "order"),
    [(lq.Euler, 1), (lq.ExponentialEuler, 1), (lq.RK2, 2), (lq.RK4, 4)],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_located_methods_have_their_order(neuron, method, order):
    """Spikes by a cubic, restarted inside the step: halving dt divides the error by 2^order."""
    drive = 1.4 * neuron.rheobase()
    current = lq.constant(drive) + lq.sine(0.4 * drive, 8.0)
    exact = lq.simulate(neuron, current, 150.0)
    errors = []
    for dt in (0.05, 0.025):
        run = lq.simulate(neuron, current, 150.0, method=method(dt=dt, locate="hermite"))
        assert run.spike_count == exact.spike_count > 3
        errors.append(np.abs(run.spike_times - exact.spike_times).max())
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


@given(
    st.one_of(strategies.adaptive_lifs(), strategies.mats(), strategies.glifs((2, 3, 4, 5))),
    strategies.currents(2),
)
@settings(max_examples=40, deadline=None)
def test_v_stays_below_the_threshold_where_it_may_spike(neuron, current):
    """At every time but a spike's own left side, where V is the threshold or above."""
    try:
        response = lq.simulate(neuron, current, 80.0, max_spikes=3000)
    except lq.LimitError:
        assume(False)
    times = np.linspace(0.0, 80.0, 400)
    k = np.searchsorted(response.spike_times, times, side="right")
    last = np.concatenate(([-math.inf], response.spike_times))[k]
    free = times - last >= neuron.t_ref
    assert (response.voltage(times) < response.threshold(times))[free].all()
    at_spikes = response.spike_times[:50]
    before = response.voltage(at_spikes, left=True) - response.threshold(at_spikes, left=True)
    assert (before >= 0.0).all()


def test_both_sides_of_a_spike_are_told_apart():
    """A spike's time is rounded; still the threshold's jump lies between its two sides. MAT: V has
    no jump there, and the sides of the threshold differ by the sum of alpha."""
    neuron = lq.MAT()
    response = lq.simulate(neuron, lq.constant(0.9), 2000.0)
    times = response.spike_times
    assert len(times) > 100
    jump = response.threshold(times) - response.threshold(times, left=True)
    assert jump == pytest.approx(sum(neuron.alpha), abs=1e-9)
    assert response.voltage(times, left=True) == pytest.approx(response.voltage(times), abs=1e-9)
    assert response.voltage(times) == pytest.approx(response.threshold(times, left=True), abs=1e-9)
