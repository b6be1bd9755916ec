"""The models: from a neuron's own numbers to the row that the other kernels work with.

A neuron's numbers lie in one flat sequence, from ``at`` on: which of R_m, C_m, tau_m is derived,
its level, the length of its lists; then its parameters in the order of its class, NaN for what it
has not; then its lists, one after the other.
"""

from __future__ import annotations

import math

from .adapting import (
    CURRENTS,
    FRACTION,
    FREE_RUN,
    LIFT,
    PULL,
    SLOW,
    THRESHOLDS,
    TRACE,
    TRACES,
)
from .membrane import RESET, ROW, pack_leaky, pack_perfect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats

PIF, LIF, ADAPTIVE_LIF, MAT, GLIF = 0, 1, 2, 3, 4

DERIVED, LEVEL, COUNT, FIRST = 0, 1, 2, 3

# Where the parameters stand, from FIRST on. The leaky ones begin alike.
R_M, C_M, TAU_M, E_L, V_TH = 3, 4, 5, 6, 7
LIF_V_RESET, LIF_T_REF = 8, 9
ADAPTIVE_LISTS = 10  # b, tau_w
MAT_T_REF = 8
MAT_LISTS = 9  # alpha, tau_theta
GLIF_T_REF, GLIF_V_RESET, RESET_FRACTION, RESET_ADD = 8, 9, 10, 11
SPIKE_ADD, SPIKE_DECAY, VOLTAGE_INDEX, VOLTAGE_DECAY = 12, 13, 14, 15
GLIF_LISTS = 16  # asc_amps, asc_decay, asc_r
PIF_C_M, PIF_V_TH, PIF_V_RESET, PIF_T_REF = 3, 4, 5, 6


def row_size(model: int, raw: Floats, at: int) -> int:
    """Return the length of the packed row."""
    traces = int(raw[at + COUNT])
    if model == GLIF:
        level = raw[at + LEVEL]
        if level == 1.0:
            return ROW
        if level < 3.0:
            traces = 0
        if level != 3.0:
            traces += 1
    elif model == PIF or model == LIF:
        return ROW
    return TRACES + TRACE * traces


def start_potential(model: int, raw: Floats, at: int) -> float:
    """Return the potential (mV) at which a run starts unless told otherwise."""
    return raw[at + PIF_V_RESET] if model == PIF else raw[at + E_L]


def pack(model: int, raw: Floats, at: int, row: Floats) -> None:
    """Pack a neuron; ``row`` has room for it."""
    if model == PIF:
        pack_perfect(
            raw[at + PIF_C_M],
            raw[at + PIF_V_TH],
            raw[at + PIF_V_RESET],
            raw[at + PIF_T_REF],
            row,
        )
        return
    reset = raw[at + V_TH]
    refractory = raw[at + LIF_T_REF]
    if model == MAT:
        refractory = raw[at + MAT_T_REF]
    elif model == GLIF:
        refractory = raw[at + GLIF_T_REF]
        reset = raw[at + GLIF_V_RESET]
        if reset != reset:
            reset = raw[at + E_L]
    else:
        reset = raw[at + LIF_V_RESET]
    pack_leaky(
        raw[at + R_M],
        raw[at + C_M],
        raw[at + TAU_M],
        int(raw[at + DERIVED]),
        raw[at + E_L],
        raw[at + V_TH],
        reset,
        refractory,
        row,
    )
    if row_size(model, raw, at) == ROW:
        return
    count = int(raw[at + COUNT])
    row[FRACTION] = 0.0
    row[LIFT] = row[RESET]
    row[FREE_RUN] = 0.0
    row[PULL] = 0.0
    row[SLOW] = 0.0
    row[CURRENTS] = 0.0
    row[THRESHOLDS] = 0.0
    if model == ADAPTIVE_LIF:
        row[CURRENTS] = float(count)
        for k in range(count):
            b = raw[at + ADAPTIVE_LISTS + k]
            tau = raw[at + ADAPTIVE_LISTS + count + k]
            kept = math.exp(-refractory / tau)
            trace(row, k, 1.0 / tau, kept, -b * kept, -b)
    elif model == MAT:
        row[LIFT] = 0.0
        row[FREE_RUN] = 1.0
        row[THRESHOLDS] = float(count)
        for k in range(count):
            rise = raw[at + MAT_LISTS + k]
            trace(row, k, 1.0 / raw[at + MAT_LISTS + count + k], 1.0, rise, rise)
    else:
        pack_glif(raw, at, count, refractory, row)


def pack_glif(raw: Floats, at: int, count: int, refractory: float, row: Floats) -> None:
    """Pack what a GLIF neuron of level 2 to 5 remembers behind its membrane."""
    level = raw[at + LEVEL]
    if level != 3.0:
        row[FRACTION] = raw[at + RESET_FRACTION]
        row[LIFT] = (raw[at + E_L] - raw[at + V_TH]) + raw[at + RESET_ADD]
    if level == 5.0:
        row[PULL] = raw[at + VOLTAGE_INDEX]
        row[SLOW] = raw[at + VOLTAGE_DECAY]
    if level < 3.0:
        count = 0
    row[CURRENTS] = float(count)
    for k in range(count):
        decay = raw[at + GLIF_LISTS + count + k]
        left = raw[at + GLIF_LISTS + 2 * count + k]
        kept = left * math.exp(-decay * refractory)
        trace(row, k, decay, kept, raw[at + GLIF_LISTS + k], 0.0)
    if level != 3.0:
        row[THRESHOLDS] = 1.0
        decay = raw[at + SPIKE_DECAY]
        trace(row, count, decay, math.exp(-decay * refractory), raw[at + SPIKE_ADD], 0.0)


def trace(row: Floats, k: int, decay: float, kept: float, jump: float, early: float) -> None:
    """Write the ``k``-th trace of a packed row; see `adapting`."""
    at = TRACES + TRACE * k
    row[at] = decay
    row[at + 1] = kept
    row[at + 2] = jump
    row[at + 3] = early
