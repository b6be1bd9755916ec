"""The original notebook's way, in JupyterLab: a loop, a figure of Matplotlib, `interact`.

Its equations, sliders and step (`C dV/dt = I - V/R`, V set back to `u_rest`, forward Euler with
dt = 0.01 from 0 to 100), written anew. `show()` puts a chooser of the experiment above it; that
alone is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

DT = 0.01
STEPS = 10_000

# Name: minimum, maximum, step, default. Experiment 4 had fixed currents; the lab's four sliders
# for them stand here too, so that the same moves can be made.
SLIDERS: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "constant": {
        "I": (0.0, 10.0, 0.1, 0.8),
        "R": (1.0, 10.0, 0.1, 6.4),
        "C": (0.1, 1.0, 0.05, 0.9),
        "theta": (1.0, 10.0, 0.5, 5.0),
        "u_rest": (0.0, 1.0, 0.05, 0.4),
    },
    "variable-tau": {
        "u_rest": (-100.0, 100.0, 0.1, 48.4),
        "u_reset": (-100.0, 100.0, 1.0, -70.0),
        "theta": (-100.0, 100.0, 0.1, 48.2),
        "R": (0.0, 100.0, 1.0, 100.0),
        "tau_m": (0.0, 100.0, 0.1, 6.3),
        "t_max": (0.0, 1000.0, 1.0, 100.0),
    },
    "variable-sine": {
        "I_max": (0.0, 10.0, 0.1, 1.0),
        "f": (0.01, 1.0, 0.01, 0.1),
        "R": (1.0, 10.0, 0.1, 5.0),
        "C": (0.1, 1.0, 0.05, 0.5),
        "theta": (1.0, 10.0, 0.5, 5.0),
    },
    "two-inputs": {
        "I1": (0.0, 10.0, 0.1, 1.0),
        "I2": (0.0, 10.0, 0.1, 1.3),
        "R": (1.0, 10.0, 0.1, 3.3),
        "C": (0.1, 1.0, 0.05, 1.0),
        "theta": (1.0, 10.0, 0.5, 7.5),
        "u_rest": (0.0, 1.0, 0.05, 0.2),
    },
    "intensity-duration": {
        "strong": (0.0, 20.0, 0.1, 10.0),
        "weak": (0.0, 20.0, 0.1, 1.0),
        "short": (1.0, 100.0, 1.0, 10.0),
        "long": (1.0, 200.0, 1.0, 100.0),
        "R": (1.0, 10.0, 0.1, 5.0),
        "C": (0.1, 1.0, 0.05, 0.5),
        "theta": (1.0, 10.0, 0.5, 5.0),
    },
}


def euler(
    current: Callable[[float], float],
    slope: Callable[[float, float], float],
    start: float,
    reset: float,
    theta: float,
    dt: float = DT,
    steps: int = STEPS,
) -> tuple[list[float], list[float], list[float]]:
    """Return times, currents and potentials; `slope(current, u)` is du/dt."""
    u = start
    times, currents, potentials = [0.0], [current(0.0)], [u]
    for k in range(1, steps + 1):
        t = k * dt
        i = current(t)
        u = u + dt * slope(i, u)
        if u >= theta:
            u = reset
        times.append(t)
        currents.append(i)
        potentials.append(u)
    return times, currents, potentials


def draw(runs: list[tuple[list[float], list[float], list[float]]], theta: float) -> None:
    """Draw current and potential of each run, as one figure."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(2, len(runs), figsize=(10, 6), squeeze=False)
    for (times, currents, potentials), (upper, lower) in zip(runs, axes.T, strict=True):
        upper.plot(times, currents)
        upper.set_ylabel("I")
        lower.plot(times, potentials)
        lower.axhline(theta, linestyle="--")
        lower.set_xlabel("t")
        lower.set_ylabel("u")
    plt.show()


def constant(I: float, R: float, C: float, theta: float, u_rest: float) -> None:  # noqa: E741
    """Experiment 1."""
    draw([euler(lambda t: I, lambda i, u: (i - u / R) / C, u_rest, u_rest, theta)], theta)


def variable_tau(
    u_rest: float, u_reset: float, theta: float, R: float, tau_m: float, t_max: float
) -> None:
    """Experiment 2a, with 999 steps; it divides R I by tau_m twice, as the notebook did."""
    tau = max(tau_m, 1e-3)  # its sliders begin at 0, where the notebook failed

    def slope(i: float, u: float) -> float:
        return (u_rest - u + R * i / tau) / tau

    draw([euler(math.sin, slope, 0.0, u_reset, theta, t_max / 999, 999)], theta)


def variable_sine(I_max: float, f: float, R: float, C: float, theta: float) -> None:
    """Experiment 2b."""
    run = euler(
        lambda t: I_max * math.sin(2.0 * math.pi * f * t),
        lambda i, u: (i - u / R) / C,
        0.0,
        0.0,
        theta,
    )
    draw([run], theta)


def two_inputs(I1: float, I2: float, R: float, C: float, theta: float, u_rest: float) -> None:
    """Experiment 3."""
    constant(I1 + I2, R, C, theta, u_rest)


def intensity_duration(
    strong: float, weak: float, short: float, long: float, R: float, C: float, theta: float
) -> None:
    """Experiment 4."""

    def run(peak: float, tau: float) -> tuple[list[float], list[float], list[float]]:
        return euler(
            lambda t: peak * math.exp(-t / tau), lambda i, u: (i - u / R) / C, 0.0, 0.0, theta
        )

    currents = ((strong, short), (weak, long), (strong, long), (weak, short))
    draw([run(peak, tau) for peak, tau in currents], theta)


EXPERIMENTS: dict[str, Callable[..., None]] = {
    "constant": constant,
    "variable-tau": variable_tau,
    "variable-sine": variable_sine,
    "two-inputs": two_inputs,
    "intensity-duration": intensity_duration,
}


def show() -> None:
    """Show the chooser and the chosen experiment, each as `interact` makes it."""
    import ipywidgets as widgets
    from IPython.display import display

    chooser = widgets.Dropdown(options=list(EXPERIMENTS))
    below = widgets.VBox()

    def choose(_change: Any = None) -> None:
        sliders = {
            name: widgets.FloatSlider(value=value, min=low, max=high, step=step, description=name)
            for name, (low, high, step, value) in SLIDERS[chooser.value].items()
        }
        below.children = [widgets.interactive(EXPERIMENTS[chooser.value], **sliders)]

    chooser.observe(choose, "value")
    box = widgets.VBox([chooser, below])
    box.add_class("lapicque-bench-original")
    display(box)
    choose()
