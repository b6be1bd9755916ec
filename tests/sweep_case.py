"""One sweep for the tests of faults, and a process that dies in the middle of it.

`python tests/sweep_case.py COMMAND PATH NUMBERS` imports everything once and forks: a child runs
the sweep into a store until something ends it, another one resumes.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import lapicque as lq
from lapicque import store as stores

# So that spike times have many chunks, with borders inside of blocks.
stores.SPIKES_IN_CHUNK = 100

FEATURES = ["spike_count", "rate", "spike_times", "voltage"]
TIMES = [0.0, 10.0, 150.0]
BLOCK = 6


def experiment():
    neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)
    return lq.Experiment(neuron, lq.constant(1.6, name="drive") + lq.sine(0.8, 5.0), 200.0)


def axes():
    return {
        "neuron.R_m": np.linspace(2.0, 20.0, 5),
        "current.drive.amplitude": np.linspace(0.0, 8.0, 13),
    }


def sweep(store=None, **more):
    given = {"features": FEATURES, "times": TIMES, "block_size": BLOCK, **more}
    return lq.sweep(experiment(), axes(), store=store, **given)


def files(store):
    """Every file of a store with its bytes."""
    root = Path(store)
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def slow_down(pause):
    """Make every block of this process take longer."""
    from lapicque.batch import Batch

    run = Batch.run

    def slowly(self, *arguments, **more):
        time.sleep(pause)
        return run(self, *arguments, **more)

    Batch.run = slowly


def die_at_write(number):
    """Let this process die at its so-manieth write."""
    from zarr.storage import _local

    put, seen = _local._put, [0]

    def dying(path, value, *arguments, **more):
        seen[0] += 1
        if seen[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return put(path, value, *arguments, **more)

    _local._put = dying


def in_child(action):
    """Run something in a fork of this process; return its number."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return pid


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def at_writes(folder, numbers):
    """For each number: a store whose sweep died at this write, then resumed."""
    for number in numbers:
        store = str(folder / f"{number}.zarr")

        def first(number=number, store=store):
            die_at_write(number)
            sweep(store)

        print(
            number, ended(in_child(first)), ended(in_child(lambda s=store: sweep(s, resume=True)))
        )


def at_random(store, seed):
    """Kill at random moments until one run survives them."""
    moments = random.Random(seed)
    deaths = 0
    for _ in range(8):

        def resumed():
            slow_down(0.03)
            sweep(store, resume=True)

        pid = in_child(resumed)
        time.sleep(moments.uniform(0.05, 0.5))
        os.kill(pid, signal.SIGKILL)
        deaths += ended(pid) == -signal.SIGKILL
    print(deaths, ended(in_child(lambda: sweep(store, resume=True))))


def full_disk(store, most, block):
    """Run out of room at some block: from then on no file may have more bytes."""

    def limited():
        import resource

        from lapicque.batch import Batch

        run, seen = Batch.run, [0]

        def running_out(self, *arguments, **more):
            seen[0] += 1
            if seen[0] == block:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            return run(self, *arguments, **more)

        Batch.run = running_out
        try:
            sweep(store)
        except lq.SweepError as error:
            print(error, flush=True)

    print(ended(in_child(limited)))
    print(len(list(Path(store).glob("progress/done/c/*"))))
    print(ended(in_child(lambda: sweep(store, resume=True))))


if __name__ == "__main__":
    import xarray  # noqa: F401  # before the forks, each of which would wait for it
    import zarr  # noqa: F401

    import lapicque.batch
    from lapicque import compile

    compile.kernels()
    command, where, *rest = sys.argv[1:]
    if command == "at-writes":
        at_writes(Path(where), map(int, rest))
    elif command == "at-random":
        at_random(where, int(rest[0]))
    else:
        full_disk(where, *map(int, rest))
