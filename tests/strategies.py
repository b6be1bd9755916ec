"""The one place that draws neurons, currents, methods and experiments for property tests.

A new neuron, shape of current or method must be added here: test_strategies.py fails until it is.
"""

import math

import independent
from hypothesis import strategies as st

import lapicque as lq


def numbers(low, high):
    """Floats of all sizes between two bounds, without denormals."""
    return st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def spread(low, high):
    """Positive floats, evenly spread over orders of magnitude."""
    return numbers(math.log(low), math.log(high)).map(lambda x: min(max(math.exp(x), low), high))


@st.composite
def lifs(draw):
    v_th = draw(numbers(-60.0, 20.0))
    given = draw(st.sampled_from([("R_m", "C_m"), ("R_m", "tau_m"), ("C_m", "tau_m")]))
    ranges = {"R_m": spread(1.0, 100.0), "C_m": spread(0.1, 5.0), "tau_m": spread(2.0, 100.0)}
    return lq.LIF(
        **{name: draw(ranges[name]) for name in given},
        E_L=v_th + draw(st.one_of(numbers(-30.0, -1.0), numbers(-30.0, 10.0))),
        V_th=v_th,
        V_reset=v_th - draw(numbers(1.0, 30.0)),
        t_ref=draw(st.sampled_from([0.0, 0.0, 2.0, 3.7])),
    )


@st.composite
def pifs(draw):
    v_th = draw(numbers(-60.0, 20.0))
    return lq.PIF(
        C_m=draw(spread(0.1, 5.0)),
        V_th=v_th,
        V_reset=v_th - draw(numbers(1.0, 30.0)),
        t_ref=draw(st.sampled_from([0.0, 2.0])),
    )


@st.composite
def membranes(draw):
    """What every leaky neuron has, the threshold last."""
    v_th = draw(numbers(-60.0, 20.0))
    given = draw(st.sampled_from([("R_m", "C_m"), ("R_m", "tau_m"), ("C_m", "tau_m")]))
    ranges = {"R_m": spread(1.0, 100.0), "C_m": spread(0.1, 5.0), "tau_m": spread(2.0, 100.0)}
    chosen = {name: draw(ranges[name]) for name in given}
    return {**chosen, "E_L": v_th + draw(numbers(-30.0, -1.0)), "V_th": v_th}


def several(entries, count):
    return st.lists(entries, min_size=count, max_size=count)


@st.composite
def adaptive_lifs(draw):
    count = draw(st.integers(1, 3))
    membrane = draw(membranes())
    return lq.AdaptiveLIF(
        **membrane,
        V_reset=membrane["V_th"] - draw(numbers(1.0, 30.0)),
        t_ref=draw(st.sampled_from([0.0, 0.0, 2.0, 3.7])),
        b=draw(several(numbers(-0.02, 0.5), count)),
        tau_w=draw(several(spread(1.0, 500.0), count)),
    )


@st.composite
def mats(draw):
    count = draw(st.integers(1, 3))
    return lq.MAT(
        **draw(membranes()),
        t_ref=draw(st.sampled_from([0.5, 2.0, 3.7])),
        alpha=draw(several(numbers(-1.0, 40.0), count)),
        tau_theta=draw(several(spread(1.0, 500.0), count)),
    )


@st.composite
def glifs(draw, levels=(1, 2, 3, 4, 5)):
    level = draw(st.sampled_from(levels))
    chosen = {"level": level, **draw(membranes()), "t_ref": draw(st.sampled_from([1.0, 3.75]))}
    if level in (1, 3):
        chosen["V_reset"] = chosen["V_th"] - draw(numbers(1.0, 30.0))
    else:
        chosen["voltage_reset_fraction"] = draw(numbers(0.0, 0.6))
        chosen["voltage_reset_add"] = draw(numbers(-10.0, 2.0))
        chosen["th_spike_add"] = draw(numbers(-0.5, 10.0))
        chosen["th_spike_decay"] = draw(spread(0.002, 1.0))
    if level >= 3:
        count = draw(st.integers(1, 2))
        chosen["asc_amps"] = draw(several(numbers(-0.5, 0.05), count))
        chosen["asc_decay"] = draw(several(spread(0.002, 1.0), count))
        chosen["asc_r"] = draw(several(numbers(0.0, 1.0), count))
    if level == 5:
        chosen["th_voltage_index"] = draw(numbers(-0.01, 0.05))
        rate = 1.0 / lq.LIF(**{n: v for n, v in chosen.items() if n in TRIAD}).tau_m
        # Near the membrane's own rate, and at it: the resonance.
        chosen["th_voltage_decay"] = draw(
            st.one_of(spread(0.01, 1.0), st.just(rate), numbers(0.999, 1.001).map(rate.__mul__))
        )
    return lq.GLIF(**chosen)


TRIAD = ("R_m", "C_m", "tau_m")
NEURONS = {
    "LIF": lifs(),
    "PIF": pifs(),
    "AdaptiveLIF": adaptive_lifs(),
    "MAT": mats(),
    "GLIF": glifs(),
}


def neurons():
    """Any neuron; the plain leaky one most often."""
    return st.one_of(NEURONS["LIF"], NEURONS["LIF"], *NEURONS.values())


def renewal_neurons():
    """Those that forget everything at a spike."""
    return st.one_of(NEURONS["LIF"], NEURONS["LIF"], NEURONS["PIF"], glifs(levels=(1,)))


AMPLITUDES = numbers(-3.0, 3.0)
TIMES = numbers(-20.0, 150.0)


@st.composite
def common(draw):
    """The parameters that every shape has: start, stop, window."""
    chosen = {}
    if draw(st.integers(0, 2)) == 0:
        chosen["start"] = draw(TIMES)
    if draw(st.integers(0, 2)) == 0:
        chosen["stop"] = chosen.get("start", 0.0) + draw(numbers(0.0, 150.0))
    if draw(st.integers(0, 5)) == 0:
        low = draw(TIMES)
        chosen["window"] = (low, low + draw(numbers(0.0, 150.0)))
    return chosen


@st.composite
def samples(draw):
    n = draw(st.integers(2, 8))
    steps = draw(st.lists(numbers(0.1, 40.0), min_size=n, max_size=n))
    first = draw(numbers(0.0, 20.0))
    times = [first + math.fsum(steps[:k]) for k in range(n)]
    values = draw(st.lists(AMPLITUDES, min_size=n, max_size=n))
    rest = {k: v for k, v in draw(common()).items() if k != "stop"}
    if draw(st.booleans()):
        return lq.sampled(times, values, **rest)
    stop = rest.get("start", 0.0) + times[-1] + draw(numbers(0.0, 20.0))
    return lq.sampled(times, values, interpolation="hold", stop=stop, **rest)


def _shape(factory, *ranges):
    return st.tuples(common(), *ranges).map(lambda drawn: factory(*drawn[1:], **drawn[0]))


@st.composite
def spiked(draw):
    """Synapses under some spikes, a few of them at one instant."""
    n = draw(st.integers(0, 8))
    gaps = draw(st.lists(st.one_of(st.just(0.0), numbers(0.1, 40.0)), min_size=n, max_size=n))
    first = draw(numbers(-10.0, 20.0))
    times = [first + math.fsum(gaps[:k]) for k in range(n)]
    kernel = draw(st.sampled_from(["exponential", "alpha"]))
    return lq.synapses(times, draw(AMPLITUDES), draw(spread(0.5, 50.0)), kernel, **draw(common()))


@st.composite
def kicked(draw):
    """Delta synapses under some spikes, a few of them at one instant, by jump or by charge."""
    n = draw(st.integers(0, 8))
    gaps = draw(st.lists(st.one_of(st.just(0.0), numbers(0.1, 40.0)), min_size=n, max_size=n))
    first = draw(st.one_of(st.just(0.0), numbers(-10.0, 20.0)))
    times = [first + math.fsum(gaps[:k]) for k in range(n)]
    size = draw(st.sampled_from(["jump", "charge"]))
    return lq.kicks(times, **{size: draw(numbers(-8.0, 8.0))}, **draw(common()))


def _clamped_step(amplitude, start, width, extra):
    return lq.step(amplitude, start=start, stop=start + width, **extra)


@st.composite
def products(draw):
    fast = draw(st.one_of(SHAPES["sine"], SHAPES["constant"], SHAPES["ramp"]))
    slow = draw(st.one_of(SHAPES["decay"], SHAPES["alpha"], SHAPES["sine"]))
    return fast * slow * draw(numbers(-1.0, 1.0))


SHAPES = {
    "constant": _shape(lq.constant, AMPLITUDES),
    "step": st.builds(
        _clamped_step,
        AMPLITUDES,
        TIMES,
        numbers(0.0, 120.0),
        common().map(lambda c: {k: v for k, v in c.items() if k == "window"}),
    ),
    "ramp": st.tuples(common(), numbers(-0.03, 0.03)).map(lambda d: lq.ramp(d[1], **d[0])),
    "sine": _shape(lq.sine, AMPLITUDES, spread(1.0, 400.0), numbers(-7.0, 7.0)),
    "decay": st.tuples(common(), AMPLITUDES, spread(0.5, 200.0)).map(
        lambda d: lq.decay(d[1], d[2], **d[0])
    ),
    "alpha": st.tuples(common(), AMPLITUDES, spread(0.5, 50.0)).map(
        lambda d: lq.alpha(d[1], d[2], **d[0])
    ),
    "sampled": samples(),
}
SHAPES["synapses"] = spiked()


@st.composite
def ended(draw):
    """`common` with an end."""
    chosen = draw(common())
    if "window" not in chosen:
        chosen.setdefault("stop", chosen.get("start", 0.0) + draw(numbers(0.0, 150.0)))
    return chosen


@st.composite
def trains_of_pulses(draw):
    """Pulses up to the whole period, by count, by an end, or both."""
    period = draw(spread(2.0, 60.0))
    width = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])) * period
    if draw(st.booleans()):
        return lq.pulses(draw(AMPLITUDES), width, period, **draw(ended()))
    return lq.pulses(draw(AMPLITUDES), width, period, draw(st.integers(0, 6)), **draw(common()))


@st.composite
def polynomials(draw):
    n = draw(st.integers(1, 4))
    edges = [draw(numbers(-10.0, 20.0))]
    rows = []
    for _ in range(n):
        length = draw(numbers(0.5, 40.0))
        degree = draw(st.integers(0, 8))
        rows.append([draw(numbers(-1.0, 1.0)) / length**k for k in range(degree + 1)])
        edges.append(edges[-1] + length)
    return lq.polynomial(edges, rows, **draw(common())) * draw(st.sampled_from([1.0, -0.7]))


SHAPES["kicks"] = kicked()
SHAPES["square"] = st.builds(
    lambda a, f, duty, rest: lq.square(a, f, duty, **rest),
    AMPLITUDES,
    spread(2.0, 150.0),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    ended(),
)
SHAPES["pulses"] = trains_of_pulses()
SHAPES["chirp"] = _shape(
    lq.chirp,
    AMPLITUDES,
    st.one_of(st.just(0.0), spread(1.0, 200.0)),
    spread(1.0, 200.0),
    spread(5.0, 120.0),
    numbers(-7.0, 7.0),
)
SHAPES["polynomial"] = polynomials()
SHAPES["product"] = products()


@st.composite
def currents(draw, most=4):
    """Sums of any shapes, usually with a constant that brings V near the threshold."""
    parts = draw(st.lists(st.one_of(*SHAPES.values()), min_size=0, max_size=most))
    total = lq.constant(draw(numbers(0.0, 3.0))) if draw(st.integers(0, 3)) else lq.constant(0.0)
    for part in parts:
        total = total + part
    return total


def without_kicks(current):
    """What can be multiplied."""
    return lq.Current(tuple(part for part in current.parts if part.kind != "kicks"))


STEPS = spread(0.01, 1.0)
LOCATE = st.sampled_from(["grid", "linear", "hermite"])
METHODS = {
    "Exact": st.sampled_from(["auto", "isolation", "march"]).map(lambda c: lq.Exact(crossing=c)),
    "Euler": st.builds(lq.Euler, dt=STEPS, locate=LOCATE),
    "ExponentialEuler": st.builds(lq.ExponentialEuler, dt=STEPS, locate=LOCATE),
    "RK2": st.builds(lq.RK2, dt=STEPS, locate=LOCATE),
    "RK4": st.builds(lq.RK4, dt=STEPS, locate=LOCATE),
}


def methods():
    """Any method."""
    return st.one_of(*METHODS.values())


@st.composite
def free_experiments(draw, among=None):
    """Any neuron under any current; ``among`` narrows the neurons."""
    neuron = draw(neurons() if among is None else among)
    v_0 = draw(st.one_of(st.none(), numbers(-20.0, 3.0).map(lambda x: neuron.V_th + x)))
    return lq.Experiment(neuron, draw(currents()), draw(numbers(0.0, 150.0)), V_0=v_0)


def _peaks(neuron, current, start, duration):
    parts = current.to_dicts()
    start += independent.kick(neuron, parts, 0.0)
    peaks, _, _ = independent.highest(neuron, parts, 0.0, start, duration)
    return [p for p in peaks if p[1] > start + 1e-3]


def reset_of(neuron):
    """Where V may well start: at the reset, or at rest where there is none."""
    given = neuron.given()
    return given["V_reset"] if "V_reset" in given else given["E_L"]


@st.composite
def near_experiments(draw, among=None):
    """Experiments whose highest peak of V lies within 1e-6 mV of the threshold, on either side.

    V without a threshold does not depend on V_th, nor does the part of a threshold that follows V,
    so that V_th is put where the peak of their difference is.
    """
    from hypothesis import assume

    neuron = draw(neurons() if among is None else among)
    current = draw(currents())
    duration = draw(numbers(20.0, 150.0))
    start = reset_of(neuron)
    peaks = _peaks(neuron, current, start, duration)
    if not peaks:
        current = current + lq.sine(draw(numbers(0.5, 3.0)), draw(spread(10.0, 100.0)))
        peaks = _peaks(neuron, current, start, duration)
    assume(peaks)
    height = max(v for _, v in peaks)
    offset = draw(spread(1e-9, 9e-7)) * draw(st.sampled_from([-1.0, 1.0]))
    v_th = height + offset
    changes = {"V_th": v_th}
    if "V_reset" in neuron.given():
        changes["V_reset"] = min(neuron.V_reset, v_th - 0.5)
    return lq.Experiment(neuron.replace(**changes), current, duration, V_0=start)


@st.composite
def experiments(draw, among=None):
    """Any experiment; most draws have a peak of V within 1e-6 mV of the threshold."""
    # Hypothesis likes the ends of a range: a number between them keeps free draws the fewer.
    freely = draw(st.integers(0, 9)) in (4, 6)
    return draw(free_experiments(among) if freely else near_experiments(among))
