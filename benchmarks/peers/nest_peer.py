"""NEST: populations, a thread for each core or one; spikes on the grid, or precise (_ps models).

Sines come from one ac_generator for each neuron, which holds its current over each step. The time
is that of `Simulate`; making and connecting the nodes and reading the spikes are not in it.
"""

import os

import common
import nest


def main():
    """Run a case."""
    case, n, dt, setting, path = common.asked()
    model = setting.partition(",")[0]
    threads = 1 if "1 thread" in setting else os.cpu_count()
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=dt, local_num_threads=threads)

    def make():
        neurons = nest.Create(
            model,
            n,
            {
                "E_L": common.E_L,
                "V_m": common.E_L,
                "V_th": common.V_TH,
                "V_reset": common.V_RESET,
                "tau_m": common.TAU_M,
                "C_m": 1e3 * common.TAU_M / common.R_M,
                "t_ref": 2.0,
                "tau_syn_ex": 2.0,
                "tau_syn_in": 2.0,
            },
        )
        if case == "f-I":
            neurons.I_e = 1e3 * common.currents(n)
        else:
            neurons.I_e = 1e3 * common.LEVEL
            amplitude, frequency = common.waves(n)
            waves = nest.Create("ac_generator", n)
            waves.amplitude = 1e3 * amplitude
            waves.frequency = frequency
            nest.Connect(waves, neurons, "one_to_one", {"delay": dt})
        recorder = nest.Create("spike_recorder")
        nest.Connect(neurons, recorder, syn_spec={"delay": dt})
        nest.Prepare()
        return recorder

    setup, recorder = common.timed(make)
    seconds, _ = common.timed(lambda: nest.Run(common.DURATION))
    nest.Run(dt)  # the last step's spikes are on their way
    nest.Cleanup()
    events = recorder.get("events")
    first = min(int(k) for k in nest.GetConnections(target=recorder).source)
    common.give(
        path, nest.__version__, seconds, setup, n, events["senders"] - first, events["times"]
    )


if __name__ == "__main__":
    main()
