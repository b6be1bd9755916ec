"""The fixed-step kernel's way through quiet stretches: quicker, and the same digits.

The truth is the kernel's own plain step, to which every step falls back where `pass_quietly` takes
none; test_methods.py holds that step against textbook loops.
"""

import dataclasses

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.kernels import steps

STEPPED = [name for name in strategies.METHODS if name != "Exact"]
methods = st.one_of(*(strategies.METHODS[name] for name in STEPPED))
# Whole binary steps meet the grid without rounding, so that stages share their times.
binary = st.integers(-6, 0).map(lambda power: 2.0**power)


def both_ways(run):
    """What a run gives with and without `pass_quietly`, and the steps it took the first time."""
    given_way, taken = steps.pass_quietly, []

    def counted(*arguments):
        made = given_way(*arguments)
        taken.append(made[0] - arguments[15])
        return made

    results = []
    for way in (counted, lambda *arguments: (arguments[15], arguments[14])):
        steps.pass_quietly = way
        try:
            results.append(run())
        except lq.LimitError as error:
            results.append(str(error))
        finally:
            steps.pass_quietly = given_way
    return *results, sum(taken)


def numbers(response):
    """All that the kernel gave back."""
    if isinstance(response, str):
        return response
    found = response.solution
    return [*map(list, (found.nodes, found.before, found.after, found.spikes)), response.state]


@given(strategies.free_experiments(), methods, st.one_of(st.none(), binary))
def test_quiet_steps_are_plain_steps(experiment, method, dt):
    """Nodes, V before and after, spikes and end of any neuron and method under any current.

    None is constant: under a constant one the stages' gains are added up once for all steps.
    """
    method = dataclasses.replace(method, dt=method.dt if dt is None else dt)
    varying = experiment.current + lq.ramp(1e-6)
    quick, plain, _ = both_ways(dataclasses.replace(experiment, method=method, current=varying).run)
    # Lists compare by ==, which tells -0.0 from 0.0 as little as V does.
    assert numbers(quick) == numbers(plain)


@pytest.mark.parametrize("method", [lq.Euler, lq.ExponentialEuler, lq.RK2, lq.RK4])
@pytest.mark.parametrize(
    "current",
    [
        lq.ramp(0.01),
        lq.constant(1.8) + lq.sine(0.4, 20.0, 0.3),
        lq.constant(1.8) + lq.sine(0.4, 20.0) + lq.sine(0.2, 33.0),
        lq.constant(1.8) + lq.alpha(2.0, 30.0),
        # Phases beyond 32 rad, and so far that the product's low part is no tiny angle.
        lq.constant(1.8) + lq.sine(0.4, 3e3),
        lq.constant(1.8) + lq.sine(40.0, 1e9),
    ],
)
def test_most_steps_are_quiet(method, current):
    """The quicker way is taken by nearly all steps outside refractoriness, to the same digits."""
    neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)
    quick, plain, taken = both_ways(
        lambda: lq.simulate(neuron, current, 300.0, method=method(dt=0.07))
    )
    assert numbers(quick) == numbers(plain)
    held = 29 * quick.spike_count
    assert taken > 0.99 * (len(quick.solution.nodes) - held) - 2 * quick.spike_count


@pytest.mark.parametrize("method", [lq.Euler, lq.ExponentialEuler, lq.RK2, lq.RK4])
def test_quiet_steps_under_a_constant_current(method):
    """Each step's sum may be rounded otherwise, by an ulp of 15 mV; over the 143 steps of a tau_m,
    after which V forgets, that is 2.5e-13 mV.  The spikes on the grid are the same."""
    neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)
    quick, plain, taken = both_ways(
        lambda: lq.simulate(neuron, lq.constant(1.8), 300.0, method=method(dt=0.07))
    )
    assert quick.spikes == plain.spikes
    assert quick.solution.nodes == plain.solution.nodes
    assert list(quick.solution.before) == pytest.approx(list(plain.solution.before), abs=3e-13)
    assert taken > 3500
