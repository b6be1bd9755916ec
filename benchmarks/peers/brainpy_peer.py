"""BrainPy on the CPU: LifRef, exponential Euler (exact for a constant current), compiled by XLA.

A loop over 1,000 steps is compiled once and called for each such part of the run; its spikes are
taken from the array that it gives back. "counts" adds them up inside of the loop and keeps none.
"""

import brainpy as bp
import brainpy.math as bm
import common
import jax
import numpy as np


def main():
    """Run a case."""
    case, n, dt, setting, path = common.asked()
    if "float64" in setting:
        bm.enable_x64()
    bm.set_platform("cpu")
    bm.set_dt(dt)
    lif = bp.dyn.LifRef(
        n,
        V_rest=common.E_L,
        V_reset=common.V_RESET,
        V_th=common.V_TH,
        R=common.R_M,
        tau=common.TAU_M,
        tau_ref=2.0,
        V_initializer=bp.init.Constant(common.E_L),
        method="exp_auto",
    )
    total = bm.Variable(bm.zeros(n, dtype=bm.int32))
    amplitude, frequency = common.waves(n)
    level = bm.asarray(common.currents(n) if case == "f-I" else common.LEVEL)
    high, omega = bm.asarray(amplitude), bm.asarray(2e-3 * np.pi * frequency)

    def step(i):
        current = level if case == "f-I" else level + high * bm.sin(omega * (i * dt))
        return lif.step_run(i, current)

    def count(i):
        total.value = total + step(i)

    steps = round(common.DURATION / dt)
    part = 1_000
    kept = "counts" not in setting

    @bm.jit
    def run(indices):
        return bm.for_loop(step if kept else count, indices, progress_bar=False)

    def whole():
        lif.reset_state()
        total.value = bm.zeros_like(total)
        when, who = [], []
        for begin in range(0, steps, part):
            spikes = run(bm.arange(begin, begin + part))
            if kept:
                k, neuron = np.nonzero(np.asarray(bm.as_jax(spikes)))
                when.append(k + begin)
                who.append(neuron)
        jax.block_until_ready(lif.V.value)
        return when, who

    setup, _ = common.timed(whole)  # compiles
    seconds, (when, who) = common.timed(whole)
    if kept:
        neurons, times = np.concatenate(who), (np.concatenate(when) + 1) * dt
    else:  # counts alone: times that say nothing
        neurons = np.repeat(np.arange(n), np.asarray(bm.as_jax(total)))
        times = np.zeros(len(neurons))
    common.give(path, bp.__version__, seconds, setup - seconds, n, neurons, times)


if __name__ == "__main__":
    main()
