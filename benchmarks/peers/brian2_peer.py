"""Brian2: one NeuronGroup, in this process (Cython) or as a C++ program, with OpenMP or without.

Constant currents are integrated by its exact method, sines by its Runge-Kutta of order 4: its exact
one does not take an input that depends on time.
"""

import os
import shutil
import tempfile

import brian2 as b
import common


def group(case, n):
    """Return the neurons of a case."""
    current = "i_0" if case == "f-I" else "i_0 + a*sin(2*pi*freq*t)"
    model = f"dv/dt = (E_L - v + R_m*({current}))/tau_m : volt (unless refractory)\ni_0 : amp\n"
    if case != "f-I":
        model += "a : amp\nfreq : Hz\n"
    neurons = b.NeuronGroup(
        n,
        model,
        threshold="v >= V_th",
        reset="v = V_reset",
        refractory=2 * b.ms,
        method="exact" if case == "f-I" else "rk4",
        namespace={
            "E_L": common.E_L * b.mV,
            "V_th": common.V_TH * b.mV,
            "V_reset": common.V_RESET * b.mV,
            "R_m": common.R_M * b.Mohm,
            "tau_m": common.TAU_M * b.ms,
        },
    )
    neurons.v = common.E_L * b.mV
    if case == "f-I":
        neurons.i_0 = common.currents(n) * b.nA
    else:
        amplitude, frequency = common.waves(n)
        neurons.i_0 = common.LEVEL * b.nA
        neurons.a = amplitude * b.nA
        neurons.freq = frequency * b.Hz
    return neurons


def main():
    """Run a case."""
    case, n, dt, setting, path = common.asked()
    folder = tempfile.mkdtemp()
    standalone = setting.startswith("C++")
    if standalone:
        b.set_device("cpp_standalone", build_on_run=False, directory=folder)
        threads = os.cpu_count() if "OpenMP" in setting else 0
        b.prefs.devices.cpp_standalone.openmp_threads = threads
    else:
        b.prefs.codegen.target = "cython"
        b.prefs.codegen.runtime.cython.cache_dir = folder
    b.defaultclock.dt = dt * b.ms
    neurons = group(case, n)
    monitor = b.SpikeMonitor(neurons)
    network = b.Network(neurons, monitor)
    if standalone:
        network.run(common.DURATION * b.ms)
        setup, _ = common.timed(
            lambda: b.device.build(directory=folder, compile=True, run=False, debug=False)
        )
        b.device.run(folder, with_output=False, run_args=[])
        seconds = b.device._last_run_time  # the simulation alone, as the program says
    else:
        setup, _ = common.timed(lambda: network.run(0 * b.ms))  # compiles
        again, _ = common.timed(lambda: network.run(0 * b.ms))  # what each run costs beside steps
        seconds, _ = common.timed(lambda: network.run(common.DURATION * b.ms))
        seconds -= again
    # A spike carries the beginning of the step at whose end V is there.
    times = monitor.t / b.ms + dt
    common.give(path, b.__version__, float(seconds), setup, n, monitor.i, times)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
