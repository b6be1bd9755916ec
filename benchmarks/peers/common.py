"""What every peer's script is given and gives back; it needs NumPy alone."""

import json
import sys
import time

import numpy as np

DURATION = 1000.0  # ms
R_M, TAU_M, E_L, V_TH, V_RESET = 10.0, 10.0, -65.0, -50.0, -65.0  # MOhm, ms, mV
LEVEL = 1.6  # nA, under the sines
ALL = 100_000


def currents(n):
    """Return the constant currents (nA) of an f-I curve."""
    return np.linspace(1.4, 3.4, n)


def waves(n):
    """Return amplitudes (nA) and frequencies (Hz) of the sines."""
    draw = np.random.default_rng(1907)
    amplitude = draw.uniform(0.2, 1.2, ALL)
    frequency = draw.uniform(1.0, 40.0, ALL)
    return amplitude[:n], frequency[:n]


def asked():
    """Return the case, the number of neurons, the time step (ms), a setting, and where to write."""
    case, n, dt, setting, path = sys.argv[1:]
    return case, int(n), float(dt), setting, path


def timed(run):
    """Return how long a call takes (s), and its value."""
    begin = time.perf_counter()
    value = run()
    return time.perf_counter() - begin, value


def give(path, version, seconds, setup, n, neurons, times):
    """Write spike times neuron by neuron and say how long it took."""
    neurons = np.asarray(neurons, dtype=np.int64)
    times = np.asarray(times, dtype=float)
    kept = times <= DURATION * (1.0 + 1e-12)
    neurons, times = neurons[kept], times[kept]
    order = np.lexsort((times, neurons))
    counts = np.bincount(neurons, minlength=n)
    np.savez(path, counts=counts, times=times[order])
    print(json.dumps({"version": version, "seconds": seconds, "setup_seconds": setup}))
