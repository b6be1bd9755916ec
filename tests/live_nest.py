"""NEST, run live in a process of its own: the truth is what it computes here.

``dev.py simulators`` installs it; where it is missing the tests that ask for it are skipped.
"""

import importlib.util
import json
import subprocess
import sys

import pytest

SCRIPT = """
import json
import sys

import nest

nest.set_verbosity("M_ERROR")
found = []
for run in json.load(sys.stdin):
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.resolution = run["dt"]
    neuron = nest.Create(run["model"], params=run["parameters"])
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    for times, weight in run.get("inputs", []):
        source = nest.Create("spike_generator", {"precise_times": True, "spike_times": times})
        nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": 1.0})
    if run.get("stairs"):
        times, values = zip(*run["stairs"])
        stairs = {"amplitude_times": times, "amplitude_values": values}
        generator = nest.Create("step_current_generator", stairs)
        nest.Connect(generator, neuron, syn_spec={"delay": 1.0})
    meter = None
    if run.get("record"):
        meter = nest.Create("multimeter", {"record_from": run["record"], "interval": run["dt"]})
        nest.Connect(meter, neuron)
    if run.get("hold"):
        # As NEST's own test: a generator's last value reaches the neuron until 4.0 ms.
        generator = nest.Create("dc_generator", {"amplitude": run["hold"]})
        nest.Connect(generator, neuron, syn_spec={"weight": 1.0, "delay": 1.0})
        nest.Simulate(2.0)
        neuron.V_m = run["V_m"]
        generator.amplitude = 0.0
    nest.Simulate(run["duration"])
    traces = {} if meter is None else meter.events
    found.append(
        {
            "spikes": [float(t) for t in recorder.events["times"]],
            "traces": {name: [float(x) for x in traces[name]] for name in run.get("record", [])},
        }
    )
print("RESULT", json.dumps(found))
"""


def nest_runs(runs):
    """Run NEST on some neurons; return the spike times of each, and the traces asked for.

    ``inputs`` are spikes (ms) and their weight; ``stairs`` are times and currents (ms, pA), which
    reach the neuron 1 ms later; ``record`` names what to keep of each step's end.
    """
    if importlib.util.find_spec("nest") is None:
        pytest.skip("nest is not installed: `python3 dev.py simulators` does")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(runs),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("RESULT ")]
    return json.loads(line.removeprefix("RESULT "))


def nest_trains(runs):
    """Run NEST on some neurons; return the spike times of each."""
    return [each["spikes"] for each in nest_runs(runs)]
