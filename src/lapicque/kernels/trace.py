"""V(t) of an exact run, at any times, from its spikes and the state at each piece's start."""

from __future__ import annotations

from . import pairs
from .membrane import (
    GAIN,
    RATE,
    REFRACTORY,
    RESET,
    THRESHOLD,
    V_RESET,
    anchor_terms,
    constant_drive,
    evaluate,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints


def sample(
    row: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    jumps: Floats,
    spikes: Floats,
    spikes_lo: Floats,
    piece_f: Floats,
    begin: Floats,
    times: Floats,
    left: bool,
    k: int,
    p: int,
    loc: Floats,
    out: Floats,
) -> None:
    """Write V (mV) at the nondecreasing ``times`` to ``out``.

    ``begin`` holds the end of refractoriness at the start of the run (a pair), V there and V
    before a jump there (mV).
    ``k`` spikes and ``p`` piece starts are known to lie at or before the first time.  V stays
    below the threshold between spikes, also where rounding would lift it; ``left`` gives the
    potential just before a spike or a jump.
    """
    rate = row[RATE]
    threshold = row[THRESHOLD]
    # The double below it: 1.2e-16 of a double is more than half and less than 1.5 of its ulp.
    below = threshold - max(1.2e-16 * abs(threshold), 5e-324)
    n = len(spikes)
    pieces = len(starts)
    anchored = False
    hi = lo = f = w0 = w1 = w_piece = v_anchor = 0.0
    count = 0
    entered = -1
    for i in range(len(times)):
        t = times[i]
        if left and t == starts[0]:
            out[i] = begin[3]
            continue
        while k < n and (spikes[k] < t or (spikes[k] == t and not left)):
            k += 1
            anchored = False
        while p + 1 < pieces and (starts[p + 1] < t or (starts[p + 1] == t and not left)):
            p += 1
            anchored = False
        if not anchored:
            anchored = True
            hi, lo, f = starts[p], 0.0, piece_f[p]
            v_anchor = threshold + f
            if f < 0.0 and v_anchor >= threshold:
                v_anchor = below
            if k > 0:
                free, free_lo = pairs.add(spikes[k - 1], spikes_lo[k - 1], row[REFRACTORY], 0.0)
                if free >= hi:
                    hi, lo, f, v_anchor = free, free_lo, row[RESET], row[V_RESET]
            elif begin[0] >= hi:
                hi, lo, v_anchor = begin[0], begin[1], begin[2]
                f = v_anchor - threshold
            s, s_lo = pairs.add(hi, lo, -starts[p], 0.0)
            count = 0
            if len(offset) and s >= 0.0:
                count = anchor_terms(terms, offset[p], offset[p + 1], s, s_lo, row[GAIN], rate, loc)
            if entered != p:
                entered = p
                w1 = row[GAIN] * slope[p]
                w_piece = constant_drive(row, value[p], value_lo[p] if len(value_lo) else 0.0)
            w0 = w_piece + w1 * s
        x = (t - hi) - lo
        if x <= 0.0:
            out[i] = v_anchor
            continue
        if left and k < n and spikes[k] == t:
            # A spike that a jump made comes from below the threshold.
            if not (len(jumps) and p + 1 < pieces and starts[p + 1] == t and jumps[p + 1] != 0.0):
                out[i] = threshold
                continue
        y, _ = evaluate(x, f, w0, w1, rate, loc, count)
        v = threshold + y
        out[i] = v if v < threshold else below
