"""Synapses against NEST's precise neurons, which take input spikes and spike between grid points.

The truth is what NEST computes here, in a process of its own; `dev.py simulators` installs it.
NEST's neurons propagate V exactly from event to event, as lapicque does; what differs is how they
look for spikes.  Most compare V with the threshold at events and at the ends of their steps only,
so that an excursion within a step is missed; ``iaf_psc_exp_ps_lossless`` finds these too (Krishnan
et al. 2018, doi:10.3389/fninf.2017.00075).  Where both see a spike they agree to rounding.
"""

from __future__ import annotations

import mpmath as mp
import pytest
from live_nest import nest_trains

import lapicque as lq
from lapicque import trains

# NEST's own case (testsuite/pytests/test_iaf_psc_exp_ps_lossless.py): V lies 0.001 mV below the
# threshold, at which a current holds it; the current ends when a weak, brief kick arrives.
GRAZING = lq.LIF(tau_m=100.0, C_m=0.25, E_L=-70.0, V_th=-49.0, V_reset=-70.0, t_ref=2.0)
KICKS = {55.0: None, 70.0: 4.014415459912, 90.0: 4.006586385666}  # pA: ms

NEURON = lq.LIF(tau_m=10.0, C_m=0.25, E_L=-70.0, V_th=-55.0, V_reset=-70.0, t_ref=2.0)
DURATION = 2000.0
# Times of input spikes are steps and offsets in NEST, and so are those of its spikes: the worst of
# 248 is 1e-12 ms off.
CLOSE = 1e-11


def parameters(neuron):
    """NEST's names and units: pF."""
    shared = {n: getattr(neuron, n) for n in ("tau_m", "E_L", "V_th", "V_reset", "t_ref")}
    return {**shared, "C_m": 1000.0 * neuron.C_m}


def grazing(weight):
    """Our own run of NEST's case, whose clock begins at 2 ms."""
    current = lq.step(0.0525, 0.0, 2.0) + lq.synapses([2.0], weight / 1000.0, 1.0)
    return lq.simulate(GRAZING, current, 12.0, V_0=-49.001)


@pytest.mark.parametrize(("weight", "expected"), KICKS.items())
def test_the_grazing_case_of_nest(weight, expected):
    """None, 4.014415459912 and 4.006586385666 ms: NEST's reference, and the root of V's closed form
    at 40 digits, to 1e-13 ms."""
    response = grazing(weight)
    with mp.workdps(40):
        resting = mp.mpf(-70) + 400 * mp.mpf(0.0525)
        v = resting + (mp.mpf(-49.001) - resting) * mp.exp(mp.mpf(-2) / 100)

        def gap(x):
            slow, fast = mp.exp(-x / 100), mp.exp(-x)
            pushed = 4 * mp.mpf(weight / 1000) * (slow - fast) / (1 - mp.mpf(1) / 100)
            return -70 + (v + 70) * slow + pushed + 49

        if expected is None:
            assert response.spike_count == 0
            assert max(gap(mp.mpf(k) / 1000) for k in range(8000)) < 0
            return
        (spike,) = response.spikes
        truth = mp.findroot(gap, (expected - 4 - 1e-4, expected - 4 + 1e-4), solver="anderson")
        assert abs(2 + truth - mp.mpf(spike)) <= 1e-13
        assert abs(spike + 2.0 - expected) <= 1e-12


@pytest.mark.simulator
def test_nest_grazes_where_lapicque_does():
    """The same three cases, run by NEST: the lossless neuron has our spikes to 1e-12 ms; the other
    one misses the brief excursion, which lies within its step."""
    models = ("iaf_psc_exp_ps_lossless", "iaf_psc_exp_ps")
    shared = {"dt": 1.0, "duration": 10.0, "hold": 52.5, "V_m": -49.001}
    runs = [
        {
            **shared,
            "model": model,
            "parameters": {**parameters(GRAZING), "tau_syn_ex": 1.0, "tau_syn_in": 1.0},
            "inputs": [([3.0], weight)],
        }
        for model in models
        for weight in KICKS
    ]
    found = nest_trains(runs)
    ours = [[t + 2.0 for t in grazing(weight).spikes] for weight in KICKS]
    assert [len(each) for each in ours] == [0, 1, 1]
    for theirs, expected in zip(found[:3], ours, strict=True):
        assert theirs == pytest.approx(expected, abs=1e-12)
    assert [len(each) for each in found[3:]] == [0, 0, 1]
    assert found[5] == pytest.approx(ours[2], abs=1e-12)


def train(rate, seed):
    """Input that NEST can deliver: from 1 ms on, with a delay of 1 ms."""
    return trains.poisson(rate, DURATION - 2.0, seed, start=1.0)


def compare(theirs, ours):
    """Counts first, then times one by one."""
    theirs = [t for t in theirs if t <= DURATION]
    assert len(theirs) == len(ours) > 50
    assert max(abs(a - b) for a, b in zip(theirs, ours, strict=True)) <= CLOSE


SYNAPTIC = {
    "excitation": [(6000.0, 1, 60.0)],
    "excitation and inhibition": [(7000.0, 2, 80.0), (2000.0, 3, -70.0)],
}


@pytest.mark.simulator
@pytest.mark.parametrize("case", SYNAPTIC)
@pytest.mark.parametrize("model", ["iaf_psc_exp_ps", "iaf_psc_exp_ps_lossless"])
def test_exponential_synapses_are_nests(model, case):
    """Some hundred spikes under thousands of input spikes; counts first, then times."""
    inputs = [(list(train(rate, seed)), weight) for rate, seed, weight in SYNAPTIC[case]]
    (theirs,) = nest_trains(
        [
            {
                "model": model,
                "parameters": {**parameters(NEURON), "tau_syn_ex": 2.0, "tau_syn_in": 2.0},
                "inputs": inputs,
                "dt": 0.1,
                "duration": DURATION + 1.0,
            }
        ]
    )
    current = sum(
        lq.synapses([t + 1.0 for t in times], weight / 1000.0, 2.0) for times, weight in inputs
    )
    ours = lq.simulate(NEURON, current, DURATION).spikes
    compare(theirs, ours)


@pytest.mark.simulator
def test_delta_synapses_are_nests():
    """Kicks of both signs in mV through iaf_psc_delta_ps: most spikes are the instants of kicks."""
    inputs = [(list(train(4000.0, 4)), 1.1), (list(train(1500.0, 5)), -0.9)]
    (theirs,) = nest_trains(
        [
            {
                "model": "iaf_psc_delta_ps",
                "parameters": {**parameters(NEURON), "I_e": 300.0},
                "inputs": inputs,
                "dt": 0.1,
                "duration": DURATION + 1.0,
            }
        ]
    )
    current = sum(lq.kicks([t + 1.0 for t in times], weight) for times, weight in inputs)
    ours = lq.simulate(NEURON, lq.constant(0.3) + current, DURATION).spikes
    compare(theirs, ours)
