"""`simulate`: matches neuron, current and method, packs arrays, and calls the kernels."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Callable, Mapping
from typing import Any

from .current import Current
from .errors import LimitError, ParameterError
from .kernels import adapting, adapting_steps, following, membrane, pairs, steps, train
from .kernels.membrane import LOC
from .method import Exact, FixedStep, Method
from .neuron import Neuron
from .parameter import Parameter
from .pieces import Pieces
from .response import AdaptingSolution, ExactSolution, GridSolution, Response, State

DURATION = Parameter(unit="ms", meaning="length of the run", symbol="T", minimum=0.0)
INITIAL_V = Parameter(unit="mV", meaning="potential at the start", symbol="V_0")

MAX_SPIKES = 10_000_000
MAX_STEPS = 20_000_000
MAX_EVALUATIONS = 20_000_000
_MAX_GRAZES = 1024


def simulate(
    neuron: Neuron,
    current: Current,
    duration: float,
    V_0: float | None = None,
    method: Method | None = None,
    *,
    initial: Mapping[str, Any] | None = None,
    state: State | None = None,
    max_spikes: int = MAX_SPIKES,
    max_steps: int = MAX_STEPS,
) -> Response:
    """Simulate one neuron.

    Parameters
    ----------
    neuron : Neuron
    current : Current
        nA; outside its parts it is 0.
    duration : float
        ms; the span is ``[0, duration]``, both ends included.
    V_0 : float, optional
        The potential at the start (mV), before any kick at that time; E_L by default, for the PIF
        V_reset.
    method : Method, optional
        `Exact` by default.
    initial : mapping, optional
        The state beside V at the start, of neurons that have one: ``{"w": 0.2}``. See the neuron.
    state : State, optional
        The end of another run (``response.state``): this one goes on from there, on the same
        clock, for ``duration`` more.  Kicks at that time are in it already.
    max_spikes, max_steps : int
        More spikes, or more steps of a fixed-step method, raise an error.

    Returns
    -------
    Response

    Raises
    ------
    ParameterError
        If a value breaks its rule.
    LimitError
        If there are more than ``max_spikes`` spikes, or too many steps.
    """
    if not isinstance(neuron, Neuron):
        raise ParameterError("neuron", "must be a neuron, such as LIF()", neuron)
    if not isinstance(current, Current):
        cure = f"Write constant({current!r})." if isinstance(current, (int, float)) else ""
        cure = "Write sampled(times, values)." if hasattr(current, "__len__") else cure
        raise ParameterError("current", "must be a current, such as constant(1.6)", current, cure)
    method = Exact() if method is None else method
    if not isinstance(method, (Exact, FixedStep)):
        raise ParameterError("method", "must be a method, such as Exact() or Euler(dt=0.1)", method)
    length = DURATION.check(duration, "duration")
    for name, cap in (("max_spikes", max_spikes), ("max_steps", max_steps)):
        if isinstance(cap, bool) or not isinstance(cap, int) or cap < 0:
            raise ParameterError(name, "must be a whole number >= 0", cap)
    if state is None:
        v = neuron.default_V_0() if V_0 is None else INITIAL_V.check(V_0, "V_0")
        memory = neuron.initial(initial)
        begin = State(time=0.0, V=v, V_lo=0.0, free=0.0, free_lo=0.0, memory=memory)
    elif isinstance(state, State):
        begin = state
    else:
        raise ParameterError("state", "must be the `state` of a response", state)
    if state is not None and V_0 is not None:
        raise ParameterError("V_0", "must be left out where `state` is given", V_0)
    if state is not None and initial is not None:
        raise ParameterError("initial", "must be left out where `state` is given", initial)
    if state is not None and len(state.memory) != len(neuron.initial()):
        raise ParameterError("state", f"must be of a run of this {neuron.model}", state)
    row = neuron.pack()
    stop = begin.time + length
    try:
        if isinstance(method, Exact):
            run = _adapting if len(row) > membrane.ROW else _exact
            return run(neuron, current, method, row, begin, stop, max_spikes, state is None)
        if length / method.dt > max_steps:
            raise LimitError(
                f"'method.dt' must make at most {max_steps} steps of the run "
                f"(got {method.dt!r} ms). Raise dt, shorten the run, or raise max_steps.",
                "method.dt",
                also=("duration",),
            )
        return _fixed_step(neuron, current, method, row, begin, stop, max_spikes, state is None)
    except (OverflowError, ZeroDivisionError):
        raise LimitError(
            "V or the current leaves the range of doubles: bring the parameters' sizes together."
        ) from None


def _too_many_spikes(max_spikes: int) -> LimitError:
    return LimitError(
        f"'max_spikes' was reached: there are more than {max_spikes} spikes. "
        "Shorten the run, weaken the current, or raise max_spikes.",
        "max_spikes",
    )


def _check_pace(spikes: array[float], form: Pieces, p: int, stop: float, max_spikes: int) -> None:
    # A hopeless run ends early: this piece, which does not change its pace for good, would alone
    # make ten times the spikes allowed.
    if len(spikes) < 50_000 or p >= len(form) or form.slope[p] != 0.0:
        return
    if any(l_re != 0.0 or n != 0.0 for n, _, _, l_re, *_ in form.terms_at(p, 0.0)):
        return
    end = form.starts[p + 1] if p + 1 < len(form) else stop
    pace = (spikes[-1] - spikes[-25_000]) / 25_000
    if end - spikes[-1] > 10.0 * max_spikes * pace:
        raise _too_many_spikes(max_spikes)


def _jumps(form: Pieces, row: list[float], fresh: bool) -> tuple[array[float], array[float]]:
    """Return the jumps of V at each piece's start; one that the state has seen is left out."""
    if not form.kicks:
        return array("d"), array("d")
    jumps, jumps_lo = form.jumps(*membrane.capacitance(row))
    if not fresh:
        jumps[0] = jumps_lo[0] = 0.0
    return jumps, jumps_lo


def _exact(
    neuron: Neuron,
    current: Current,
    method: Exact,
    row: list[float],
    begin: State,
    stop: float,
    max_spikes: int,
    fresh: bool,
) -> Response:
    form = current.normal_form.on(begin.time, stop)
    jumps, jumps_lo = _jumps(form, row, fresh)
    before = _shown(begin, row)
    if jumps and jumps[0] != 0.0:
        v, v_lo = pairs.add(begin.V, begin.V_lo, jumps[0], jumps_lo[0])
        begin = dataclasses.replace(begin, V=v, V_lo=v_lo)
    hi, lo = array("d"), array("d")
    piece_f = array("d", bytes(8 * len(form)))
    f, f_lo = pairs.add(begin.V, begin.V_lo, -row[membrane.THRESHOLD], 0.0)
    piece_f[0] = f if begin.free <= begin.time else math.nan
    grazes = array("d", bytes(8 * _MAX_GRAZES))
    running = [begin.free, begin.free_lo, f, f_lo, 0.0, 0.0, 0.0]
    loc = [0.0] * membrane.anchored_size(form.terms, form.offset)
    budget = [float(MAX_EVALUATIONS)]
    room = 512
    status = train.FULL
    while status == train.FULL:
        room = min(room, max_spikes + 1 - len(hi))
        chunk, chunk_lo = array("d", bytes(8 * room)), array("d", bytes(8 * room))
        made, status = train.run(
            row,
            form.starts,
            form.value,
            form.value_lo,
            form.slope,
            form.offset,
            form.terms,
            jumps,
            jumps_lo,
            stop,
            method.code(),
            running,
            chunk,
            chunk_lo,
            piece_f,
            grazes,
            loc,
            budget,
        )
        hi.extend(chunk[:made])
        lo.extend(chunk_lo[:made])
        if len(hi) > max_spikes:
            raise _too_many_spikes(max_spikes)
        room = min(2 * room, 1 << 20)
        _check_pace(hi, form, int(running[train.PIECE]), stop, max_spikes)
    if status == train.TOO_MANY_EVALUATIONS:
        raise _too_many_evaluations(running)
    free, free_lo, f, f_lo, _, seen, _ = running
    if not train.beyond(running, stop):
        free, free_lo = stop, 0.0
    end = State(stop, *pairs.add(row[membrane.THRESHOLD], 0.0, f, f_lo), free, free_lo)
    return Response(
        neuron=neuron,
        current_in=current,
        method=method,
        start=begin.time,
        stop=stop,
        spikes=hi,
        spikes_lo=lo,
        grazes=grazes[: int(seen)],
        state=end,
        solution=ExactSolution(row, form, jumps, hi, lo, piece_f, _shown(begin, row), before.V),
    )


def _adapting(
    neuron: Neuron,
    current: Current,
    method: Exact,
    row: list[float],
    begin: State,
    stop: float,
    max_spikes: int,
    fresh: bool,
) -> Response:
    form = current.normal_form.on(begin.time, stop)
    jumps, _ = _jumps(form, row, fresh)
    hi, lo, anchors = array("d"), array("d"), array("d")
    grazes = array("d", bytes(8 * _MAX_GRAZES))
    # Held neurons are known at the end of refractoriness, others now.
    held = row[adapting.FREE_RUN] == 0.0
    time, time_lo = (begin.free, begin.free_lo) if held else (begin.time, 0.0)
    running = [time, time_lo, 0.0, 0.0, 0.0, 0.0, 0.0, begin.free, begin.free_lo, 0.0]
    running += begin.memory
    f, f_lo = pairs.add(begin.V, begin.V_lo, -row[membrane.THRESHOLD], 0.0)
    running[train.STATE_F] = (f - adapting.raised(row, running, adapting.FOLLOWED)) + f_lo
    if jumps:
        running[train.STATE_F] += jumps[0]
    width = adapting.stride(row)
    first = array("d", bytes(8 * width))
    adapting.anchor(row, running, first)
    anchors.extend(first)
    terms = membrane.anchored_size(form.terms, form.offset) + LOC * adapting.traces(row)
    loc = [0.0] * terms
    moving = [0.0] * (following.PARTS + 1 + 2 * int(row[adapting.THRESHOLDS]))
    budget = [float(MAX_EVALUATIONS)]
    room = 512
    status = train.FULL
    while status == train.FULL:
        room = min(room, max_spikes + 1 - len(hi))
        chunk, chunk_lo = array("d", bytes(8 * room)), array("d", bytes(8 * room))
        passed = int(running[train.PIECE])
        states = array("d", bytes(8 * width * (room + min(len(form) - passed, 1 << 16))))
        running[adapting.ANCHORS] = 0.0
        made, status = adapting.run(
            row,
            form.starts,
            form.value,
            form.value_lo,
            form.slope,
            form.offset,
            form.terms,
            jumps,
            stop,
            method.code(),
            running,
            chunk,
            chunk_lo,
            states,
            grazes,
            loc,
            moving,
            budget,
        )
        hi.extend(chunk[:made])
        lo.extend(chunk_lo[:made])
        anchors.extend(states[: width * int(running[adapting.ANCHORS])])
        if len(hi) > max_spikes:
            raise _too_many_spikes(max_spikes)
        room = min(2 * room, 1 << 20)
    if status == train.TOO_MANY_EVALUATIONS:
        raise _too_many_evaluations(running)
    if status == adapting.ENDLESS:
        raise _endless(hi[-1])
    y = running[train.STATE_F] + adapting.raised(row, running, adapting.FOLLOWED)
    free, free_lo = running[adapting.BLIND], running[adapting.BLIND + 1]
    if not (free > stop or (free == stop and free_lo > 0.0)):
        free, free_lo = stop, 0.0
    end = State(
        stop,
        *pairs.add(row[membrane.THRESHOLD], 0.0, y, 0.0),
        free,
        free_lo,
        tuple(running[adapting.FOLLOWED :]),
    )
    return Response(
        neuron=neuron,
        current_in=current,
        method=method,
        start=begin.time,
        stop=stop,
        spikes=hi,
        spikes_lo=lo,
        grazes=grazes[: int(running[train.GRAZES])],
        state=end,
        solution=AdaptingSolution(row, form, jumps, hi, lo, anchors, begin),
    )


def _endless(time: float) -> LimitError:
    return LimitError(
        f"'neuron.t_ref' must be > 0 ms here: at {time:g} ms the reset leaves V at or above the "
        "threshold, and spikes would follow without end. Raise it, or reset V lower.",
        "neuron.t_ref",
    )


def _too_many_evaluations(running: list[float]) -> LimitError:
    return LimitError(
        f"'duration' is too long for this current: more than {MAX_EVALUATIONS} evaluations "
        f"were needed to find the next spike after {running[0]:g} ms. Shorten the run."
    )


def _shown(state: State, row: list[float]) -> State:
    threshold = row[membrane.THRESHOLD]
    f, _ = pairs.add(state.V, state.V_lo, -threshold, 0.0)
    if f < 0.0 and threshold <= state.V:
        # Below the threshold by less than V's last digit.
        return dataclasses.replace(state, V=math.nextafter(threshold, -math.inf))
    return state


def _fixed_step(
    neuron: Neuron,
    current: Current,
    method: FixedStep,
    row: list[float],
    begin: State,
    stop: float,
    max_spikes: int,
    fresh: bool,
) -> Response:
    form = current.normal_form.on(begin.time, stop)
    jumps, _ = _jumps(form, row, fresh)
    kicks = [(t, jump) for t, jump in zip(form.starts, jumps, strict=False) if jump != 0.0]
    value_lo = form.value_lo or array("d", bytes(8 * len(form)))
    constants = array(
        "d",
        map(lambda v, v_lo: membrane.constant_drive(row, v, v_lo), form.value, value_lo),
    )
    tableau = method.tableau
    y, _ = pairs.add(begin.V, begin.V_lo, -row[membrane.THRESHOLD], 0.0)
    remembers = len(row) > membrane.ROW
    first = [begin.time, y, y]
    run: Callable[..., tuple[int, int, int]]
    if remembers:
        run = adapting_steps.run
        running = [begin.time, begin.free, 1.0, 0.0, y, *begin.memory]
        for quantity in (adapting_steps.threshold, adapting_steps.after_spike):
            first += 2 * [quantity(row, running[adapting_steps.STATE :])]
    else:
        run = steps.run
        running = [begin.time, y, begin.free, 1.0, 0.0]
    # Nodes: time, V - V_th before and after, and with a memory as many for what `first` has more.
    known = [array("d", [v]) for v in first]
    spikes = array("d")
    room = 1024
    status = steps.FULL
    while status == steps.FULL:
        buffers = [array("d", bytes(8 * room)) for _ in range(len(known) + 1)]
        made, fired, status = run(
            row,
            form.starts,
            constants,
            form.slope,
            form.offset,
            form.terms,
            array("d", [t for t, _ in kicks]),
            array("d", [jump for _, jump in kicks]),
            begin.time,
            stop,
            method.dt,
            method.exponential,
            list(tableau.c),
            list(tableau.a),
            list(tableau.b),
            method.locate_code(),
            running,
            *buffers,
        )
        for whole, part in zip(known, buffers, strict=False):
            whole.extend(part[:made])
        spikes.extend(buffers[-1][:fired])
        if len(spikes) > max_spikes:
            raise _too_many_spikes(max_spikes)
        room = min(2 * room, 1 << 20)
    if status == steps.DIVERGED:
        raise LimitError(
            f"{method.name} diverged at {running[0]:g} ms: 'method.dt' must be small against tau_m "
            f"(got {method.dt!r} ms). Lower dt, or take Exact().",
            "method.dt",
        )
    if status == adapting_steps.ENDLESS:
        raise _endless(running[0])
    if remembers:
        _, release, _, _, y, *memory = running
    else:
        _, y, release, _, _ = running
        memory = []
    end = State(
        stop,
        *pairs.two_sum(row[membrane.THRESHOLD], y),
        max(release, stop),
        0.0,
        tuple(memory),
    )
    nodes, before, after, *more = known
    solution = GridSolution(
        row=row,
        pieces=form,
        constants=constants,
        nodes=nodes,
        before=before,
        after=after,
        spikes=spikes,
        cubic=method.locate_code() == steps.HERMITE and not remembers,
        release=begin.free,
        memory=tuple(more),
    )
    return Response(
        neuron=neuron,
        current_in=current,
        method=method,
        start=begin.time,
        stop=stop,
        spikes=spikes,
        spikes_lo=array("d", bytes(8 * len(spikes))),
        grazes=array("d"),
        state=end,
        solution=solution,
    )
