"""Many neurons, one after the other, each through all its time: what a sweep compiles.

A neuron's numbers are those of ``base`` with its row of ``columns`` written over them; from there
on every kernel is the one that a single run uses.  Nothing is kept of a row but what was asked for.
"""

from __future__ import annotations

import math

from . import (
    adapting,
    adapting_steps,
    assembly,
    models,
    pairs,
    samples,
    shapes,
    steps,
    trace,
    train,
)
from .membrane import (
    RATE,
    REFRACTORY,
    RESET,
    SCALE,
    TAU,
    TERM,
    THRESHOLD,
    capacitance,
    constant_drive,
    excess,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

    Form = tuple[Floats, Floats, Floats, Floats, Ints, Floats, Floats]
    # A current whose numbers differ from row to row, see `assembly.current`: kinds, where the
    # numbers of each part begin, what is given of each, how many pieces are; times, table; room for
    # ranges and spans; the forms of the parts, with the given ones; room for their sum; for terms.
    Recipe = tuple[Ints, Ints, Ints, int, Floats, Floats, Ints, Floats, Form, Form, Floats]
    # Samples that differ from row to row: their times and step, the values of all rows, until when
    # the last one is held (before the first: joined by lines), and their part.
    Samples = tuple[Floats, float, Floats, float, int]
    Nodes = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]

# What leads the numbers of a row: duration (ms), V_0 (mV, NaN for the neuron's own), the time step;
# then the neuron's, see `models`.
DURATION, V_0, DT = 0, 1, 2
NEURON = 3

# The features, by their place in `Floats` of results.
COUNT, MEAN_RATE, STEADY_RATE, FIRST_SPIKE, LATENCY, MEAN_ISI, ISI_CV = 0, 1, 2, 3, 4, 5, 6
FEATURES = 7
# Behind them, of a regular train: the first spike and the interval (pairs, ms).
FIRST, PERIOD = 7, 9
SUMMARY = 11

# How a batch ended; beside the row it stands at.
DONE, SPIKES_FULL, ROOM_FULL, PIECES_FULL = 0, 1, 2, 3
TOO_MANY_SPIKES, TOO_MANY_EVALUATIONS, TOO_MANY_STEPS, TOO_MANY_PIECES = 4, 5, 6, 7
ENDLESS, OUT_OF_RANGE = 8, 9

# What rows have for a current: all the same, each its own, each a sum of constants.
# Or one sampled part and nothing else, each row its own samples.
SHARED, OWN, CONSTANT, SAMPLED = 0, 1, 2, 3

# Closed forms of a regular train are taken where no spike is this near to an end, in intervals.
CLEAR = 1e-9


def onset_of(form: Form) -> float:
    """Return when the current is first not zero; infinity if never."""
    starts, value, _, slope, offset, _, kicks = form
    for p in range(len(starts)):
        busy = value[p] != 0.0 or slope[p] != 0.0
        busy = busy or (len(offset) > 0 and offset[p + 1] > offset[p])
        for k in range(4 * p, 4 * p + 4 if len(kicks) else 4 * p):
            busy = busy or kicks[k] != 0.0
        if busy:
            return starts[p]
    return math.inf


def write_jumps(row: Floats, kicks: Floats, jumps: Floats, jumps_lo: Floats) -> None:
    """Write by how much V jumps at the start of each piece (mV, pairs)."""
    c, c_lo = capacitance(row)
    for p in range(len(jumps)):
        v, v_lo = kicks[4 * p], kicks[4 * p + 1]
        if kicks[4 * p + 2] != 0.0:
            q, q_lo = pairs.div(kicks[4 * p + 2], kicks[4 * p + 3], c, c_lo)
            v, v_lo = pairs.add(v, v_lo, q, q_lo)
        jumps[p] = v
        jumps_lo[p] = v_lo


def write_rate(count: int, length: float, out: Floats) -> None:
    """Write the count and the mean rate."""
    out[COUNT] = float(count)
    out[MEAN_RATE] = 1000.0 * count / length if length > 0.0 else math.nan
    if out[MEAN_RATE] == math.inf:
        out[MEAN_RATE] = math.nan  # a run of 1e-308 ms


def summarize(
    spikes: Floats, spikes_lo: Floats, n: int, begin: float, end: float, onset: float, out: Floats
) -> None:
    """Write the features of a train on ``[begin, end]``; those of `lapicque.features`."""
    first = 0
    while first < n and spikes[first] < begin:
        first += 1
    count = n - first
    length = end - begin
    write_rate(count, length, out)
    out[STEADY_RATE] = out[FIRST_SPIKE] = out[LATENCY] = math.nan
    out[MEAN_ISI] = out[ISI_CV] = math.nan
    if count > 0:
        out[FIRST_SPIKE] = spikes[first]
    since = max(onset, begin)
    k = first
    while k < n and spikes[k] < since:
        k += 1
    if k < n:
        out[LATENCY] = spikes[k] - since
    if count < 2:
        return
    last = n - 1
    interval = (spikes[last] - spikes[last - 1]) + (spikes_lo[last] - spikes_lo[last - 1])
    if interval > 0.0:
        out[STEADY_RATE] = 1000.0 / interval
    whole = (spikes[last] - spikes[first]) + (spikes_lo[last] - spikes_lo[first])
    mean = whole / (count - 1)
    out[MEAN_ISI] = mean
    if count > 2 and mean > 0.0:
        total = 0.0
        for k in range(first, last):
            x = (spikes[k + 1] - spikes[k]) + (spikes_lo[k + 1] - spikes_lo[k]) - mean
            total += x * x
        out[ISI_CV] = math.sqrt(total / (count - 1)) / mean


def rise_time(
    row: Floats, d: float, d_lo: float, f: float, f_lo: float, precise: bool
) -> tuple[float, float]:
    """Return when a constant excess drive lifts V from ``f``: a pair, or a double and 0."""
    if precise:
        return train.crossing_of_constant(row, d, d_lo, f, f_lo)
    if row[RATE] == 0.0:
        return -f * row[SCALE] / d, 0.0
    return row[TAU] * math.log1p(-f / d), 0.0


def regular(
    row: Floats,
    v: float,
    value: float,
    value_lo: float,
    begin: float,
    end: float,
    precise: bool,
    out: Floats,
) -> int:
    """Return the number of spikes on ``[begin, end]`` of a neuron under a constant current.

    -1 where a spike is too near to either end for doubles, or the first one is at 0.  ``out``
    receives the first of these spikes and the interval: pairs, if they are to be ``precise``.
    """
    d, d_lo = excess(row, value, value_lo)
    f, f_lo = pairs.two_sum(v, -row[THRESHOLD])
    reset, reset_lo = row[RESET], row[RESET + 1]
    if f >= 0.0 or reset >= 0.0:
        return -1
    if d <= 0.0:
        return 0
    x, x_lo = rise_time(row, d, d_lo, reset, reset_lo, precise)
    period, period_lo = pairs.add(x, x_lo, row[REFRACTORY], 0.0)
    if f != reset or f_lo != reset_lo:
        x, x_lo = rise_time(row, d, d_lo, f, f_lo, precise)
    if not 0.0 < x < math.inf or not 0.0 < period < math.inf:
        return -1
    if x > end * (1.0 + CLEAR):
        return 0
    most = (end - x) / period
    clear = CLEAR + 1e-15 * most
    if abs(most - math.floor(most + 0.5)) < clear:
        return -1
    count = math.floor(most) + 1.0
    if begin > 0.0:
        left = (begin - x) / period
        if abs(left - math.floor(left + 0.5)) < clear:
            return -1
        left = max(0.0, math.floor(left) + 1.0)
        count = max(0.0, count - left)
        more, more_lo = pairs.mul(period, period_lo, left, 0.0)
        x, x_lo = pairs.add(x, x_lo, more, more_lo)
    out[FIRST] = x
    out[FIRST + 1] = x_lo
    out[PERIOD] = period
    out[PERIOD + 1] = period_lo
    return int(count)


def summarize_regular(count: int, length: float, since: float, out: Floats) -> None:
    """Write the features of a regular train behind which stands what `regular` wrote."""
    write_rate(count, length, out)
    out[STEADY_RATE] = out[FIRST_SPIKE] = out[LATENCY] = math.nan
    out[MEAN_ISI] = out[ISI_CV] = math.nan
    if count > 0:
        out[FIRST_SPIKE] = out[FIRST]
        if since < math.inf:
            out[LATENCY] = out[FIRST] - since
    if count > 1:
        out[MEAN_ISI] = out[PERIOD]
    if count > 2:
        out[ISI_CV] = 0.0


def exact_row(
    row: Floats,
    form: Form,
    jumps: Floats,
    jumps_lo: Floats,
    v: float,
    memory: Floats | None,
    end: float,
    how: int,
    state: Floats,
    hi: Floats,
    lo: Floats,
    piece_f: Floats,
    anchors: Floats,
    grazes: Floats,
    loc: Floats,
    moving: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run one neuron exactly from V = ``v`` at 0; return ``(spikes, status)`` of a batch."""
    starts, value, value_lo, slope, offset, terms, _ = form
    f, f_lo = pairs.add(v, 0.0, -row[THRESHOLD], 0.0)
    for k in range(len(state)):
        state[k] = 0.0
    if memory is not None:
        for k in range(len(memory)):
            state[adapting.FOLLOWED + k] = memory[k]
        f -= adapting.raised(row, state, adapting.FOLLOWED)
        state[train.STATE_F] = f + f_lo
        if len(jumps):
            state[train.STATE_F] += jumps[0]
        adapting.anchor(row, state, anchors)
        n, status = adapting.run(
            row,
            starts,
            value,
            value_lo,
            slope,
            offset,
            terms,
            jumps,
            end,
            how,
            state,
            hi,
            lo,
            anchors,
            grazes,
            loc,
            moving,
            budget,
        )
        return n, ended(status, state[train.STATE_F])
    if len(jumps) and jumps[0] != 0.0:
        f, f_lo = pairs.add(f, f_lo, jumps[0], jumps_lo[0])
    state[train.STATE_F] = f
    state[train.STATE_F + 1] = f_lo
    piece_f[0] = f
    n, status = train.run(
        row,
        starts,
        value,
        value_lo,
        slope,
        offset,
        terms,
        jumps,
        jumps_lo,
        end,
        how,
        state,
        hi,
        lo,
        piece_f,
        grazes,
        loc,
        budget,
    )
    return n, ended(status, state[train.STATE_F])


def ended(status: int, f: float) -> int:
    """Return what a status of `train` and `adapting` is for a batch."""
    if status == train.FULL:
        return ROOM_FULL
    if status == train.TOO_MANY_EVALUATIONS:
        return TOO_MANY_EVALUATIONS
    if status == adapting.ENDLESS:
        return ENDLESS
    return DONE if math.isfinite(f) else OUT_OF_RANGE


def step_row(
    row: Floats,
    form: Form,
    jumps: Floats,
    v: float,
    memory: Floats | None,
    end: float,
    dt: float,
    exponential: bool,
    tableau: tuple[Floats, Floats, Floats],
    locate: int,
    constants: Floats,
    kick_times: Floats,
    kicks: Floats,
    state: Floats,
    node: Nodes,
    hi: Floats,
    times: Floats,
    out: Floats,
) -> tuple[int, int]:
    """Run one neuron with a fixed-step method; return ``(spikes, status)`` of a batch.

    Spikes go to ``hi``, V at the ``times`` to ``out``.
    """
    starts, value, value_lo, slope, offset, terms, _ = form
    for p in range(len(starts)):
        constants[p] = constant_drive(row, value[p], value_lo[p] if len(value_lo) else 0.0)
    kicked = 0
    for p in range(len(jumps)):
        if jumps[p] != 0.0:
            kick_times[kicked] = starts[p]
            kicks[kicked] = jumps[p]
            kicked += 1
    nodes, matrix, weights = tableau
    y, _ = pairs.add(v, 0.0, -row[THRESHOLD], 0.0)
    for k in range(len(state)):
        state[k] = 0.0
    if memory is not None:
        state[adapting_steps.NEXT] = 1.0
        state[adapting_steps.STATE] = y
        for k in range(len(memory)):
            state[adapting_steps.STATE + 1 + k] = memory[k]
    else:
        state[steps.STATE_F] = y
        state[steps.NEXT] = 1.0
    n = 0
    # V at times is taken of all nodes at once; those of the run follow the start.
    first = 1 if len(times) else 0
    node[0][0] = 0.0
    node[1][0] = y
    node[2][0] = y
    made = 0
    status = steps.FULL
    while status == steps.FULL:
        if n == len(hi) or (first > 0 and made > 0):
            return n, ROOM_FULL
        if memory is not None:
            made, fired, status = adapting_steps.run(
                row,
                starts,
                constants,
                slope,
                offset,
                terms,
                kick_times[:kicked],
                kicks[:kicked],
                0.0,
                end,
                dt,
                exponential,
                nodes,
                matrix,
                weights,
                locate,
                state,
                node[0][first:],
                node[1][first:],
                node[2][first:],
                node[3][first:],
                node[4][first:],
                node[5][first:],
                node[6][first:],
                hi[n:],
            )
        else:
            made, fired, status = steps.run(
                row,
                starts,
                constants,
                slope,
                offset,
                terms,
                kick_times[:kicked],
                kicks[:kicked],
                0.0,
                end,
                dt,
                exponential,
                nodes,
                matrix,
                weights,
                locate,
                state,
                node[0][first:],
                node[1][first:],
                node[2][first:],
                hi[n:],
            )
        n += fired
    if status == steps.DIVERGED:
        return n, OUT_OF_RANGE
    if first:
        cubic = locate == steps.HERMITE and memory is None
        steps.sample(
            row,
            starts,
            constants,
            slope,
            offset,
            terms,
            node[0],
            node[1],
            node[2],
            made + 1,
            hi,
            n,
            0.0,
            cubic,
            times,
            False,
            out,
        )
    return n, ENDLESS if status == adapting_steps.ENDLESS else DONE


def run_rows(
    first: int,
    last: int,
    total: int,
    base: Floats,
    targets: Ints,
    columns: Floats,
    model: int,
    current: int,
    shared: Form,
    recipe: Recipe,
    sampled: Samples,
    how: int,
    exponential: bool,
    locate: int,
    tableau: tuple[Floats, Floats, Floats],
    memory: Floats | None,
    discard: float,
    limits: Floats,
    slots: Ints,
    times: Floats,
    wants_spikes: bool,
    found: Floats,
    spikes: Floats,
    voltages: Floats,
    raw: Floats,
    row: Floats,
    state: Floats,
    trains: tuple[Floats, Floats],
    pieces: tuple[Floats, Floats, Floats, Floats, Floats, Floats],
    anchors: Floats,
    grazes: Floats,
    loc: Floats,
    moving: Floats,
    node: Nodes | None,
    spare: tuple[Floats, Floats],
    summary: Floats,
) -> tuple[int, int, int]:
    """Run the rows ``[first, last)`` of ``total``; return ``(row, status, spikes written)``.

    Stops at a row for which there is no room, or which has an error; what was written of it is
    written again by the next call, which begins there.

    Rows have the ``shared`` current, or their own by a ``recipe``, as ``current`` says.  Without
    ``memory`` the neurons have none, without ``node`` the method is exact: these are None then, so
    that a compiler leaves out what they are for.

    ``columns`` holds one column of ``total`` numbers after the other; column v stands for
    ``base[targets[v]]``.  ``limits``: spikes, evaluations and steps of one row.  Feature k goes to
    column ``slots[k]`` of ``found``, if that is not negative; V at ``times`` to ``voltages``, row
    by row; spike times one after the other to ``spikes``.
    """
    hi, lo = trains
    piece_f, jumps_room, jumps_lo_room, constants, kick_times, kicks = pieces
    form = shared
    onset = onset_of(form)
    budget = limits[1:2]
    precise = wants_spikes
    for k in (FIRST_SPIKE, LATENCY, MEAN_ISI):
        precise = precise or slots[k] >= 0
    used = 0
    # Neurons that are all the same are packed once.
    parts_at = recipe[1]
    beyond = parts_at[0] if len(parts_at) else len(base)
    alike = True
    for k in range(len(targets)):
        alike = alike and not NEURON <= targets[k] < beyond
    for k in range(len(base)):
        raw[k] = base[k]
    models.pack(model, raw, NEURON, row)
    for i in range(first, last):
        for k in range(len(targets)):
            raw[targets[k]] = columns[k * total + i]
        end = raw[DURATION]
        if not alike:
            models.pack(model, raw, NEURON, row)
        v = raw[V_0]
        if v != v:
            v = models.start_potential(model, raw, NEURON)
        if current == CONSTANT and memory is None and node is None and len(times) == 0:
            value, value_lo = constant_of(recipe, raw)
            n = regular(row, v, value, value_lo, discard, end, precise, summary)
            if n >= 0:
                if wants_spikes:
                    if n > limits[0]:
                        return i, TOO_MANY_SPIKES, used
                    if used + n > len(spikes):
                        return i, SPIKES_FULL, used
                    write_regular(summary, n, spikes, used)
                    used += n
                onset = 0.0 if value != 0.0 else math.inf
                summarize_regular(n, end - discard, max(onset, discard), summary)
                if slots[STEADY_RATE] >= 0:
                    summary[STEADY_RATE] = train.constant_rate(row, value, value_lo)
                for k in range(FEATURES):
                    if slots[k] >= 0:
                        found[slots[k] * total + i] = summary[k]
                continue
        quick = current == SAMPLED and len(times) == 0 and slots[STEADY_RATE] < 0
        if memory is None and node is None and quick:
            budget[0] = limits[2]
            factor = raw[recipe[1][sampled[4]] + shapes.OWN]
            n, status = sampled_row(
                row, sampled, i, factor, v, end, how, state, hi, lo, grazes, loc, budget
            )
            onset = onset_of_samples(sampled, i, factor)
        else:
            if current != SHARED:
                write_samples(recipe, sampled, i)
                made = write_form(recipe, raw, end)
                if made < 0:
                    return i, PIECES_FULL if made == shapes.FULL else TOO_MANY_PIECES, used
                form = cut(recipe[9], made)
                onset = onset_of(form)
            charges = form[6]
            count = len(form[0])
            if count > len(jumps_room):
                return i, PIECES_FULL, used
            jumps = jumps_room[: count if len(charges) else 0]
            jumps_lo = jumps_lo_room[: len(jumps)]
            if len(jumps):
                write_jumps(row, charges, jumps, jumps_lo)
            if node is None:
                budget[0] = limits[2]
                n, status = exact_row(
                    row, form, jumps, jumps_lo, v, memory, end, how,
                    state, hi, lo, piece_f, anchors, grazes, loc, moving, budget,
                )  # fmt: skip
            elif end / raw[DT] <= limits[3]:
                n, status = step_row(
                    row, form, jumps, v, memory, end, raw[DT], exponential, tableau, locate,
                    constants, kick_times, kicks, state, node, hi,
                    times, voltages[i * len(times) : (i + 1) * len(times)],
                )  # fmt: skip
            else:
                return i, TOO_MANY_STEPS, used
        if status != DONE:
            return i, status, used
        if n > limits[0]:
            return i, TOO_MANY_SPIKES, used
        if wants_spikes:
            kept = 0
            while kept < n and hi[kept] < discard:
                kept += 1
            if used + n - kept > len(spikes):
                return i, SPIKES_FULL, used
            for k in range(kept, n):
                spikes[used] = hi[k]
                used += 1
        summarize(hi, lo, n, discard, end, onset, summary)
        if slots[STEADY_RATE] >= 0 and memory is None and node is None:
            summary[STEADY_RATE] = last_rate(row, form, summary[STEADY_RATE])
        if len(times) and node is None:
            sample_row(
                row, form, jumps, v, memory, times, hi[:n], lo[:n], piece_f[: len(form[0])],
                state, anchors, loc, spare, voltages[i * len(times) : (i + 1) * len(times)],
            )  # fmt: skip
        for k in range(FEATURES):
            if slots[k] >= 0:
                found[slots[k] * total + i] = summary[k]
    return last, DONE, used


def sampled_row(
    row: Floats,
    sampled: Samples,
    i: int,
    factor: float,
    v: float,
    end: float,
    how: int,
    state: Floats,
    hi: Floats,
    lo: Floats,
    grazes: Floats,
    loc: Floats,
    budget: Floats,
) -> tuple[int, int]:
    """Run one neuron through its own samples; return ``(spikes, status)`` of a batch."""
    times, step, values, held_until, _ = sampled
    for k in range(len(state)):
        state[k] = 0.0
    state[train.STATE_F], state[train.STATE_F + 1] = pairs.add(v, 0.0, -row[THRESHOLD], 0.0)
    n, status = samples.run(
        row, times, step, values, i * len(times), factor, held_until, end, how,
        state, hi, lo, grazes, loc, budget,
    )  # fmt: skip
    return n, ended(status, state[train.STATE_F])


def onset_of_samples(sampled: Samples, i: int, factor: float) -> float:
    """Return when a row's samples are first not zero; infinity if never."""
    times, _, values, held_until, _ = sampled
    at = i * len(times)
    for k in range(len(times)):
        if factor * values[at + k] != 0.0:
            # A line rises from the sample before.
            return times[k - 1] if k > 0 and held_until < times[0] else times[k]
    return math.inf


def write_samples(recipe: Recipe, sampled: Samples, i: int) -> None:
    """Write a row's own samples into the pieces that are given."""
    times, _, values, held_until, part = sampled
    if len(values) == 0:
        return
    _, value, _, slope, _, _, _ = recipe[8]
    first = recipe[2][2 * part]
    at = i * len(times)
    for k in range(len(times)):
        value[first + k] = values[at + k]
        slope[first + k] = 0.0
    if held_until < times[0]:
        value[first + len(times) - 1] = 0.0
        for k in range(len(times) - 1):
            rise = values[at + k + 1] - values[at + k]
            slope[first + k] = rise / (times[k + 1] - times[k])


def constant_of(recipe: Recipe, raw: Floats) -> tuple[float, float]:
    """Return the sum of the parts (nA, a pair) of a current of constants."""
    raw_at = recipe[1]
    value = 0.0
    value_lo = 0.0
    for k in range(len(raw_at)):
        value, value_lo = pairs.add(value, value_lo, raw[raw_at[k] + shapes.OWN], 0.0)
    return value, value_lo


def last_rate(row: Floats, form: Form, otherwise: float) -> float:
    """Return the rate (Hz) that the last piece keeps up, if it is a constant without kicks."""
    _, value, value_lo, slope, offset, _, charges = form
    p = len(value) - 1
    if slope[p] != 0.0 or row[RESET] >= 0.0:
        return otherwise
    for k in range(len(charges)):
        if charges[k] != 0.0:
            return otherwise
    if len(offset) > 0 and offset[p + 1] > offset[p]:
        return otherwise
    return train.constant_rate(row, value[p], value_lo[p] if len(value_lo) else 0.0)


def write_form(recipe: Recipe, raw: Floats, end: float) -> int:
    """Write the form of a row's own current; return the number of pieces, or what `shapes` says."""
    kinds, raw_at, given, fixed, times, table, ranges, spans, parts, whole, loc = recipe
    return assembly.current(
        kinds, raw, raw_at, given, fixed, times, table, 0.0, end, ranges, spans,
        parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6],
        whole[0], whole[1], whole[2], whole[3], whole[4], whole[5], whole[6], loc,
    )  # fmt: skip


def cut(form: Form, pieces: int) -> Form:
    """Return the first pieces of a form."""
    starts, value, value_lo, slope, offset, terms, kicks = form
    return (
        starts[:pieces],
        value[:pieces],
        value_lo[:pieces],
        slope[:pieces],
        offset[: pieces + 1],
        terms[: TERM * offset[pieces]],
        kicks[: 4 * pieces if len(kicks) else 0],
    )


def write_regular(known: Floats, count: int, spikes: Floats, at: int) -> None:
    """Write a regular train; ``known`` holds what `regular` wrote.

    Each spike by itself, ``first + k period`` in pairs and rounded once: no sum waits for another.
    """
    hi = known[FIRST]
    lo = known[FIRST + 1]
    period = known[PERIOD]
    period_lo = known[PERIOD + 1]
    # Of 26 bits each: for any k that there is room for, both products are exact.
    large = pairs.SPLIT * period
    large -= large - period
    small = period - large
    for k in range(count):
        x = k * large
        s = hi + x
        b = s - hi
        e = (hi - (s - b)) + (x - b)
        spikes[at + k] = s + (e + (k * small + (k * period_lo + lo)))


def sample_row(
    row: Floats,
    form: Form,
    jumps: Floats,
    v: float,
    memory: Floats | None,
    times: Floats,
    hi: Floats,
    lo: Floats,
    piece_f: Floats,
    state: Floats,
    anchors: Floats,
    loc: Floats,
    spare: tuple[Floats, Floats],
    out: Floats,
) -> None:
    """Write V (mV) of an exact run at the increasing ``times``."""
    starts, value, value_lo, slope, offset, terms, _ = form
    if memory is not None:
        adapting.sample(
            row,
            starts,
            value,
            value_lo,
            slope,
            offset,
            terms,
            hi,
            lo,
            anchors[: int(state[adapting.ANCHORS]) * adapting.stride(row)],
            0.0,
            0.0,
            times,
            False,
            loc,
            out,
            spare[0],
            spare[1],
        )
        return
    f = piece_f[0]
    shown = v + jumps[0] if len(jumps) else v
    if f < 0.0 and shown >= row[THRESHOLD]:
        shown = row[THRESHOLD] - max(1.2e-16 * abs(row[THRESHOLD]), 5e-324)
    begin = state[:4]
    begin[0] = begin[1] = 0.0
    begin[2] = shown
    begin[3] = v
    trace.sample(
        row,
        starts,
        value,
        value_lo,
        slope,
        offset,
        terms,
        jumps,
        hi,
        lo,
        piece_f,
        begin,
        times,
        False,
        0,
        0,
        loc,
        out,
    )
