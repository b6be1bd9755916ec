"""NEURON: IntFire2, an event-driven leaky neuron with a constant bias and no refractory period.

IntFire1 takes no current at all, IntFire2 no other than a constant, neither has a refractory time
in which V is held, and a sine would need a membrane integrated in steps and a reset in a mechanism
written for it. So the one case it can state is the f-I curve with t_ref 0.
"""

import common
import neuron
from neuron import h


def main():
    """Run a case."""
    _, n, _, _, path = common.asked()
    times, who = h.Vector(), h.Vector()
    kept = []

    def make():
        for k, current in enumerate(common.currents(n)):
            cell = h.IntFire2()
            cell.taum = common.TAU_M
            cell.taus = 2.0
            cell.ib = common.R_M * current / (common.V_TH - common.E_L)
            connection = h.NetCon(cell, None)
            connection.record(times, who, k)
            kept.append((cell, connection))
        h.dt = 1.0  # nothing is integrated in steps
        h.finitialize()

    setup, _ = common.timed(make)
    context = h.ParallelContext()
    context.set_maxstep(10)
    seconds, _ = common.timed(lambda: context.psolve(common.DURATION))
    common.give(path, neuron.__version__, seconds, setup, n, who.as_numpy(), times.as_numpy())


if __name__ == "__main__":
    main()
