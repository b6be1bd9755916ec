"""Delta synapses: V jumps by a given voltage or charge, and is tested once, right after it.

Truth: mpmath at 40 digits on V's closed form between jumps; the event rule by hand.
"""

import math
from array import array

import mpmath as mp
import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque import analysis, trains
from lapicque.polyline import current_line, voltage_line

REST = lq.LIF(R_m=10.0, C_m=2.0, E_L=-65.0, V_th=-50.0, V_reset=-70.0)
HOLDING = REST.replace(t_ref=2.0)
PERFECT = lq.PIF(C_m=2.0, V_th=1.0, V_reset=0.0)
METHODS = [
    lq.Exact(crossing="auto"),
    lq.Exact(crossing="isolation"),
    lq.Exact(crossing="march"),
    *(lq.RK4(dt=0.25, locate=locate) for locate in ("grid", "linear", "hermite")),
]
each_method = pytest.mark.parametrize("method", METHODS, ids=repr)


def spikes(neuron, current, duration, method=None, **options):
    return lq.simulate(neuron, current, duration, method=method, **options).spikes.tolist()


# The event rule -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS[:3], ids=repr)
@pytest.mark.parametrize("at", [0.0, 3.0, 10.0])
@pytest.mark.parametrize("size", [{"jump": 15.0}, {"charge": 30.0}])
def test_a_touch_from_rest_is_a_spike(method, at, size):
    """From E_L a jump of just V_th - E_L spikes at its instant, at t = 0 and at the end too; one of
    an ulp less does not."""
    response = lq.simulate(REST, lq.kicks([at], **size), 10.0, method=method)
    assert response.spikes.tolist() == [at]
    assert response.voltage(at, left=True) == -65.0
    assert response.voltage(at) == -70.0
    assert not response.grazes
    less = {name: math.nextafter(value, 0.0) for name, value in size.items()}
    response = lq.simulate(REST, lq.kicks([at], **less), 10.0, method=method)
    assert response.spike_count == 0
    assert response.voltage(at, left=True) == -65.0
    assert response.voltage(at) == math.nextafter(-50.0, -100.0) < -50.0


@each_method
@pytest.mark.parametrize("at", [0.0, 3.0, 10.0])
def test_a_jump_spikes_at_its_instant_whatever_the_method(method, at):
    """Steps round V: a millionth more than V_th - E_L spikes, a millionth less does not."""
    response = lq.simulate(REST, lq.kicks([at], 15.0 + 1e-6), 10.0, method=method)
    assert response.spikes.tolist() == [at]
    assert response.voltage(at, left=True) == pytest.approx(-65.0, abs=1e-12)
    assert response.voltage(at) == -70.0
    response = lq.simulate(REST, lq.kicks([at], 15.0 - 1e-6), 10.0, method=method)
    assert response.spike_count == 0
    assert response.voltage(at) == pytest.approx(-50.0 - 1e-6, abs=1e-12)


@each_method
def test_jumps_at_one_instant_are_added_up_and_tested_once(method):
    """Excitation that would spike, and inhibition that takes it back; two halves of a spike."""
    both = lq.kicks([5.0], 20.0) + lq.kicks([5.0], charge=-12.0)
    response = lq.simulate(REST, both, 8.0, method=method)
    assert response.spike_count == 0
    assert response.voltage(5.0) == pytest.approx(-51.0, abs=1e-12)
    assert spikes(REST, lq.kicks([5.0, 5.0], 7.51), 8.0, method) == [5.0]
    assert spikes(REST, lq.kicks([5.0], 7.51) + lq.kicks([5.0], charge=15.0), 8.0, method) == [5.0]


@each_method
def test_jumps_during_refractoriness_are_lost(method):
    """Two ms long; a jump at its very end counts, and one at the instant of the spike made it."""
    for late, count in ((5.0, 1), (6.0, 1), (6.9, 1), (7.0, 2), (8.0, 2)):
        found = spikes(HOLDING, lq.kicks([5.0, late], 20.0), 12.0, method)
        assert found == [5.0, late][:count]
    again = HOLDING.replace(t_ref=0.0)
    assert spikes(again, lq.kicks([5.0, 5.0], 20.0), 12.0, method) == [5.0]
    response = lq.simulate(again, lq.kicks([5.0, 5.0], 20.0), 12.0, method=method)
    assert response.voltage(5.0) == -70.0


@pytest.mark.parametrize("method", METHODS[:3], ids=repr)
def test_a_jump_where_v_arrives_at_the_threshold(method):
    """V of a perfect integrator is at V_th at just 4 ms: V is tested after the jump."""
    drive = lq.constant(0.5)  # 0.25 mV/ms
    assert spikes(PERFECT, drive, 9.0, method) == [4.0, 8.0]
    up = lq.simulate(PERFECT, drive + lq.kicks([4.0], 0.5), 9.0, method=method)
    assert up.spikes.tolist() == [4.0, 8.0]  # used up by the spike
    down = lq.simulate(PERFECT, drive + lq.kicks([4.0], -0.5), 9.0, method=method)
    assert down.spikes.tolist() == [6.0]
    assert down.voltage(4.0) == 0.5
    for room in range(1, 4):  # also where the spike is the last that fits
        assert spikes(PERFECT, drive + lq.kicks([4.0], -0.5), 6.0, method, max_spikes=room) == [6.0]


def test_a_spike_at_a_jump_at_the_end_of_a_full_buffer():
    """The 512th spike fills the engine's buffer just where a jump is: it is dealt with once."""
    drive = lq.constant(0.5)
    for jump, later in ((0.5, 513 * 4.0), (-0.5, 512 * 4.0 + 2.0)):
        found = spikes(PERFECT, drive + lq.kicks([512 * 4.0], jump), 520 * 4.0)
        at = 511 if jump < 0.0 else 512
        assert found[:511] == [4.0 * k for k in range(1, 512)]
        assert found[at] == later


def test_a_jump_with_rounding_around_the_threshold_is_a_graze():
    """V before the jump was rounded: a touch within 16 ulp is reported, one further off is not."""
    current = lq.constant(0.7)
    with mp.workdps(40):
        v = mp.mpf(-65) + 7 * (1 - mp.exp(mp.mpf(-3) / 20))
        gap = float(-50 - v)
    assert len(lq.simulate(REST, current + lq.kicks([3.0], gap), 8.0).grazes) == 1
    for factor, count in ((1 + 1e-13, 1), (1 - 1e-13, 0)):
        clear = lq.simulate(REST, current + lq.kicks([3.0], gap * factor), 8.0)
        assert (clear.spike_count, len(clear.grazes)) == (count, 0)


# Values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS[:3], ids=repr)
def test_v_is_the_sum_of_the_decaying_jumps(method):
    """Far from the threshold V - E_L is the sum of jumps, each decaying: mpmath, half an ulp
    of 65 mV for each jump."""
    high = REST.replace(V_th=0.0)
    times = trains.poisson(300.0, 100.0, 7)
    current = lq.kicks(times, 0.7) + lq.kicks(times[::2], charge=-1.1)
    response = lq.simulate(high, current, 100.0, method=method)

    def truth(t, left):
        total = mp.mpf(-65)
        for k, s in enumerate(times):
            if s < t or (s == t and not left):
                size = mp.mpf(0.7) - (mp.mpf(1.1) / 2 if k % 2 == 0 else 0)
                total += size * mp.exp(-(mp.mpf(t) - s) / 20)
        return total

    looks = sorted([*times[:20], *np.linspace(0.0, 100.0, 33).tolist()])
    with mp.workdps(40):
        for left in (False, True):
            exact = [truth(t, left) for t in looks]
            ours = response.voltage(array("d", looks), left)
            twin = response.voltage(np.array(looks), left)
            for a, b, c in zip(ours, twin, exact, strict=True):
                assert abs(a - c) <= 0.5 * len(times) * math.ulp(65.0)
                assert abs(b - c) <= 0.5 * len(times) * math.ulp(65.0)


def test_spikes_between_jumps_are_the_crossings_of_the_closed_form():
    """A constant below rheobase and jumps of 3 mV: after each spike V is followed in mpmath."""
    times = [1.0, 2.0, 2.5, 4.0, 9.0, 13.0, 13.0, 17.5, 20.0]
    current = lq.constant(1.65) + lq.kicks(times, 3.0)
    response = lq.simulate(HOLDING, current, 60.0)
    with mp.workdps(40):
        found, t, v, free = [], mp.mpf(0), mp.mpf(-65), mp.mpf(0)
        level, tau = mp.mpf(-65) + 10 * mp.mpf(1.65), mp.mpf(20)
        events = [(mp.mpf(s), s) for s in times] + [(mp.mpf(60), None)]
        for at, kick in events:
            while True:
                begin = max(t, free)
                if begin > at or v >= level:
                    break
                cross = begin + tau * mp.log((level - v) / (level - (-50))) if level > -50 else None
                if cross is None or cross > at:
                    break
                found.append(cross)
                t, v, free = cross, mp.mpf(-70), cross + 2
            begin = max(t, free)
            if begin <= at:
                v = level + (v - level) * mp.exp(-(at - begin) / tau)
                t = at
                if kick is not None:
                    v += 3
                    if v >= -50:
                        found.append(at)
                        v, free = mp.mpf(-70), at + 2
        assert len(found) == response.spike_count == 2
        for ours, truth in zip(response.spikes, found, strict=True):
            assert abs(ours - truth) <= 1e-12


@given(strategies.SHAPES["kicks"], strategies.neurons(), strategies.numbers(1.0, 99.0))
@settings(max_examples=60)
def test_a_run_in_two_is_the_run_in_one(current, neuron, cut):
    """A jump just at the border counts once: in the first run, whose state has seen it."""
    current = current + lq.kicks([cut, cut], 3.0)
    for method in (lq.Exact(), lq.RK4(dt=cut, locate="hermite"), lq.Euler(dt=cut)):
        whole = lq.simulate(neuron, current, 100.0, method=method)
        first = lq.simulate(neuron, current, cut, method=method)
        rest = 100.0 - cut
        second = lq.simulate(neuron, current, rest, method=method, state=first.state)
        joined = [*first.spikes, *second.spikes]
        if not isinstance(method, lq.Exact):
            whole_v, joined_v = whole.voltage(cut), first.state.V
            assert whole_v == pytest.approx(joined_v, abs=1e-9)
            continue
        if whole.grazes or first.grazes or second.grazes:
            continue
        assert len(joined) == whole.spike_count
        assert np.allclose(joined, whole.spikes, rtol=0.0, atol=1e-9)
        assert second.voltage(cut) == pytest.approx(whole.voltage(cut), abs=1e-9)


# The algebra --------------------------------------------------------------------------------


def events(current, neuron=REST):
    """Times and jumps of V, from the normal form."""
    form = current.normal_form
    jumps, _ = form.jumps(neuron.C_m)
    return [(t, j) for t, j in zip(form.starts, jumps, strict=False) if j]


def test_the_algebra_of_kicks():
    """Sums, differences, scaling, delay, window, start and stop: the list of jumps by hand."""
    one = lq.kicks([1.0, 2.0, 2.0, 5.0], 1.5)
    assert events(one) == [(1.0, 1.5), (2.0, 3.0), (5.0, 1.5)]
    assert events(one - one) == []
    assert events(-2.0 * one) == [(1.0, -3.0), (2.0, -6.0), (5.0, -3.0)]
    assert events(one + lq.kicks([2.0], charge=3.0)) == [(1.0, 1.5), (2.0, 4.5), (5.0, 1.5)]
    assert events(one.delayed(10.0)) == [(11.0, 1.5), (12.0, 3.0), (15.0, 1.5)]
    assert events(one.window(2.0, 5.0)) == [(2.0, 3.0)]
    assert events(lq.kicks([-1.0, 0.0, 3.0], 1.0, start=4.0, stop=7.0)) == [(4.0, 1.0)]
    assert events(lq.kicks([0.1, 0.2], 0.1) * 3.0)[0][1] == 3.0 * 0.1
    assert one.equivalent(lq.kicks([1.0, 2.0, 5.0], 1.5) + lq.kicks([2.0], 1.5))
    assert not one.equivalent(one * 1.001)
    assert not one.equivalent(lq.kicks([1.0, 2.0, 2.0, 5.0], charge=3.0))
    assert one.onset() == 1.0
    assert (lq.constant(1.0, start=3.0) + one.delayed(9.0)).onset() == 3.0
    assert lq.kicks([], 1.0).onset() == math.inf


def test_kicks_of_one_instant_are_added_up_exactly():
    """0.1 + 0.2 - 0.3 as the doubles have it, in a pair; the truth is their exact sum."""
    total = lq.kicks([1.0], 0.1) + lq.kicks([1.0], 0.2) + lq.kicks([1.0], -0.3)
    (jump,), (low,) = total.normal_form.jumps(1.0)
    with mp.workdps(40):
        exact = mp.mpf(0.1) + mp.mpf(0.2) - mp.mpf(0.3)
        assert abs(mp.mpf(jump) + mp.mpf(low) - exact) <= 1e-30


def test_the_current_between_kicks_is_none():
    """A delta function adds nothing to I(t), at its instant neither."""
    current = lq.constant(0.5) + lq.kicks([1.0, 2.0], 30.0)
    assert current(1.0) == current(1.0, left=True) == 0.5
    assert current(np.array([0.5, 1.0, 2.0])).tolist() == [0.5] * 3


def test_a_product_with_kicks_is_refused():
    """A delta function has no product."""
    for a, b in (
        (lq.kicks([1.0], 1.0), lq.sine(1.0, 5.0)),
        (lq.constant(1.0), lq.kicks([1.0], 1.0)),
    ):
        with pytest.raises(lq.ParameterError, match="without kicks"):
            a * b


@given(strategies.SHAPES["kicks"])
def test_kicks_come_back_from_files_and_links(current):
    """The same recipe, from a dict, TOML and a link."""
    experiment = lq.Experiment(lq.LIF(), current, 50.0)
    assert lq.Experiment.from_dict(experiment.to_dict()) == experiment
    assert lq.Experiment.from_toml(experiment.to_toml()) == experiment
    from lapicque import link

    (again,) = link.read(link.write(experiment)).experiments
    assert again == experiment


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({}, "jump", "is missing: kicks need a jump (mV) or a charge (pC)"),
        ({"jump": 1.0, "charge": 2.0}, "jump", "must be left out where charge = 2 pC is given"),
        ({"jump": math.nan}, "jump", "mV"),
        ({"jump": "3 pC"}, "jump", "must be convertible to mV"),
        ({"charge": "3 mV"}, "charge", "must be convertible to pC"),
        ({"jump": 1.0, "times": [2.0, 1.0]}, "times", "Sort the spike times"),
    ],
)
def test_what_is_refused(given, path, words):
    """By name, with the rule, its unit, and the cure."""
    with pytest.raises(lq.ParameterError) as caught:
        lq.kicks(**{"times": [1.0], **given})
    assert caught.value.path == path
    assert words in str(caught.value)


def test_units_in_words():
    """A jump in uV, a charge in fC."""
    assert lq.kicks([1.0], "500 uV") == lq.kicks([1.0], 0.5)
    assert lq.kicks([1.0], charge="30 fC") == lq.kicks([1.0], charge=0.03)


# Fixed steps --------------------------------------------------------------------------------


def test_on_the_grid_a_kick_waits_for_the_end_of_its_step():
    """As in Brian2 and NEST: V jumps at the grid point, and is tested there; at a grid point but
    for rounding it acts at once."""
    neuron = REST.replace(V_th=0.0)
    response = lq.simulate(neuron, lq.kicks([1.1], 5.0), 3.0, method=lq.Euler(dt=0.25))
    assert response.voltage(1.249) == -65.0
    assert response.voltage(1.25, left=True) == -65.0
    assert response.voltage(1.25) == -60.0
    near = lq.simulate(neuron, lq.kicks([0.1 * 3], 5.0), 3.0, method=lq.Euler(dt=0.1))
    assert near.voltage(0.31) > -60.1
    assert spikes(REST, lq.kicks([1.1], 20.0), 3.0, lq.Euler(dt=0.25)) == [1.25]


@pytest.mark.parametrize(("locate", "order"), [("grid", 1), ("linear", 2), ("hermite", 4)])
def test_the_order_is_kept(locate, order):
    """Located methods split their steps at kicks: RK4 stays of order 2 and 4, on the grid 1."""
    times = [3.1234, 11.71, 14.0101, 22.33, 37.9]
    current = lq.constant(1.7) + lq.sine(0.4, 20.0, 0.3) + lq.kicks(times, 1.3)
    neuron = HOLDING.replace(V_reset=-65.0)
    exact = lq.simulate(neuron, current, 150.0).spike_times
    errors = []
    for dt in (0.2, 0.025):
        found = lq.simulate(neuron, current, 150.0, method=lq.RK4(dt=dt, locate=locate))
        assert found.spike_count == len(exact) == 3
        errors.append(abs(found.spike_times - exact).max())
    assert order - 0.7 < math.log(errors[0] / errors[1], 8.0) < order + 0.9


# Pictures -----------------------------------------------------------------------------------


@each_method
def test_a_jump_is_drawn_upright_and_its_spike_touches_the_threshold(method):
    """The line has V before and after at a jump's time, the threshold where it made a spike."""
    current = lq.kicks([2.0, 4.0], 8.0) + lq.kicks([6.0], -3.0)
    response = lq.simulate(REST, current, 10.0, method=method)
    assert response.spikes.tolist() == [4.0]
    times, values = voltage_line(response, 0.0, 10.0, 500)
    for at in (2.0, 4.0, 6.0):
        shown = [v for t, v in zip(times, values, strict=True) if t == at]
        sides = [response.voltage(at, left=True), response.voltage(at)]
        assert shown == ([sides[0], -50.0, sides[1]] if at == 4.0 else sides)
    assert set(current_line(current, 0.0, 10.0, 500)[1]) == {0.0}


def test_many_kicks_are_drawn_between_their_extremes():
    """Ten kicks a pixel: each pixel has the lowest and highest V."""
    times = [0.01 * k for k in range(1, 5000)]
    response = lq.simulate(REST.replace(V_th=0.0), lq.kicks(times, 0.02), 50.0)
    drawn, values = voltage_line(response, 0.0, 50.0, 500)
    assert len(drawn) <= 1200
    assert np.abs(np.interp(times, drawn, values) - response.voltage(np.array(times))).max() < 0.03


def test_a_kicked_neuron_in_words():
    """The lab's sentence speaks of jumps and not of the rheobase."""
    from lapicque.lab.sentence import sentence

    for jump, words in ((20.0, "1 spike, the first at 5 ms; V jumps"), (3.0, "within 12 mV")):
        experiment = lq.Experiment(REST, lq.kicks([5.0], jump), 10.0)
        assert words in sentence(experiment, experiment.run())


@given(st.lists(strategies.numbers(-5.0, 5.0), max_size=40), strategies.numbers(0.0, 3.0))
@settings(max_examples=60)
def test_no_cost_where_there_are_none(sizes, amplitude):
    """Without kicks, and with kicks that cancel, the normal form has no array of them."""
    current = lq.constant(amplitude)
    for k, size in enumerate(sizes):
        current = current + lq.kicks([float(k)], size) - lq.kicks([float(k)], size)
    assert not current.normal_form.kicks
    assert not lq.constant(1.0).normal_form.kicks


def test_features_under_kicks():
    """A regular train of kicks, 12.5 Hz each way: rate from the last interval, latency from the
    first kick, the mean current from the charges."""
    times = trains.regular(25.0, 1000.0, start=30.0)
    experiment = lq.Experiment(PERFECT, lq.kicks(times, 0.5), 1000.0)
    response = experiment.run()
    features = {name: each.function(response) for name, each in lq.features().items()}
    assert features["steady_rate"] == pytest.approx(12.5, rel=1e-12)
    assert features["latency"] == 40.0
    assert features["spike_count"] == len(times) // 2
    assert analysis.mean_current(experiment) == pytest.approx(len(times) * 0.5 * 2.0 / 1000.0)
