"""Figures with matplotlib: the current, the membrane potential and the spikes of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import MissingPackageError
from .polyline import after_spike_line, current_line, kick_line, threshold_line, voltage_line
from .response import Response

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which the colour-blind can tell apart.
VOLTAGE, CURRENT, SPIKES, THRESHOLD, QUIET = "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#666666"
KICK = "#000000"


def plot(response: Response, width: float = 7.0, height: float = 4.8) -> Figure:
    """Draw a run: I(t), V(t) with its threshold, rest and reset, and the spikes.

    Beside I(t) are the currents that spikes leave behind, and kicks as arrows, as long as V jumps.

    Parameters
    ----------
    response : Response
    width, height : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    MissingPackageError
        Without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingPackageError("figures need matplotlib: pip install 'lapicque[plot]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    axes: Any = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 3.0, 0.4])
    top, middle, bottom = axes
    pixels = 4000
    top.plot(*current_line(response.current_in, response.start, response.stop, pixels), CURRENT)
    top.set_ylabel("current\nI (nA)")
    shown = voltage_line(response, response.start, response.stop, pixels)
    middle.plot(*shown, VOLTAGE, lw=1.2)
    middle.set_ylabel("membrane potential V (mV)")
    neuron = response.neuron
    if neuron.leaves_currents:
        line = after_spike_line(response, shown)
        top.plot(*line, CURRENT, lw=1.0, ls="--", label="after-spike current")
    kicks = kick_line(response, response.start, response.stop, pixels)
    _draw_kicks(top, *kicks)
    looks = {"threshold": (THRESHOLD, "--"), "rest": (QUIET, ":"), "reset": (QUIET, "-.")}
    lines = []
    for name, words, role, value in neuron.levels():
        if role == "reset" and value == neuron.rest():
            continue
        symbol, _, low = name.partition("_")
        lines.append((value, words.replace(name, f"${symbol}_{{{low}}}$"), *looks[role]))
    if not neuron.fixed_threshold:
        line = threshold_line(response, shown)
        middle.plot(*line, THRESHOLD, lw=1.0, label="threshold")
    for value, label, colour, dash in lines:
        middle.axhline(value, color=colour, ls=dash, lw=1.0, label=label)
    figure.legend(loc="outside upper right", ncols=3, fontsize="small", frameon=False)
    bottom.eventplot(response.spikes.tolist(), colors=SPIKES, linelengths=0.8, linewidths=0.8)
    bottom.set_ylabel("spikes", rotation=0, ha="right", va="center")
    bottom.set_yticks([])
    bottom.set_xlabel("time (ms)")
    if response.stop > response.start:
        bottom.set_xlim(response.start, response.stop)
    return figure


def _draw_kicks(axes: Any, times: list[float], sizes: list[float]) -> None:
    """Draw arrows up from the lower edge or down from the upper one, the longest to the middle."""
    largest = max(map(abs, sizes), default=0.0)
    for k, (t, size) in enumerate(zip(times, sizes, strict=True)):
        foot = 0.0 if size > 0.0 else 1.0
        axes.annotate(
            "",
            (t, foot + 0.5 * size / largest),
            (t, foot),
            xycoords=axes.get_xaxis_transform(),
            arrowprops={"arrowstyle": "->", "color": KICK, "shrinkA": 0.0, "shrinkB": 0.0},
        )
        if k == 0:
            axes.plot([], [], color=KICK, marker="^", ls="", label=f"kicks, up to {largest:.3g} mV")
