"""lapicque: the laboratory for integrate-and-fire neurons.

Spike times are exact: there is no time step.  Plain numbers are in ms, mV, nA, MOhm, nF and Hz.

>>> import lapicque as lq
>>> neuron = lq.LIF(R_m=10.0, C_m=1.0, t_ref=2.0)
>>> response = lq.simulate(neuron, lq.constant(1.6), duration=100.0)
>>> response.spike_count
3
"""

import typing as _typing

from .current import Current as Current
from .current import alpha as alpha
from .current import chirp as chirp
from .current import constant as constant
from .current import decay as decay
from .current import from_function as from_function
from .current import kicks as kicks
from .current import polynomial as polynomial
from .current import pulses as pulses
from .current import ramp as ramp
from .current import sampled as sampled
from .current import sine as sine
from .current import square as square
from .current import step as step
from .current import synapses as synapses
from .errors import ExperimentError as ExperimentError
from .errors import LapicqueError as LapicqueError
from .errors import LimitError as LimitError
from .errors import MissingPackageError as MissingPackageError
from .errors import ParameterError as ParameterError
from .errors import SweepError as SweepError
from .errors import UnitError as UnitError
from .errors import UnknownNameError as UnknownNameError
from .experiment import Experiment as Experiment
from .features import features as features
from .link import load as load
from .method import RK2 as RK2
from .method import RK4 as RK4
from .method import Euler as Euler
from .method import Exact as Exact
from .method import ExponentialEuler as ExponentialEuler
from .neuron import GLIF as GLIF
from .neuron import LIF as LIF
from .neuron import MAT as MAT
from .neuron import PIF as PIF
from .neuron import AdaptiveLIF as AdaptiveLIF
from .neuron import Neuron as Neuron
from .presets import preset as preset
from .presets import presets as presets
from .response import Response as Response
from .response import State as State
from .simulate import simulate as simulate

if _typing.TYPE_CHECKING:  # these come when they are asked for
    from .grid import axis as axis
    from .sweeps import spike_train as spike_train
    from .sweeps import sweep as sweep

__all__ = [name for name in dir() if name[0] != "_" and name[0].isupper()] + [
    "alpha",
    "axis",
    "chirp",
    "constant",
    "decay",
    "features",
    "from_function",
    "kicks",
    "load",
    "polynomial",
    "preset",
    "presets",
    "pulses",
    "ramp",
    "sampled",
    "simulate",
    "sine",
    "spike_train",
    "square",
    "step",
    "sweep",
    "synapses",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("lapicque")
    if name in ("analysis", "lab", "trains"):
        from importlib import import_module

        return import_module(f".{name}", __name__)
    if name == "axis":
        from .grid import axis

        return axis
    if name in ("sweep", "spike_train"):
        from . import sweeps

        found: object = getattr(sweeps, name)
        return found
    raise AttributeError(f"module 'lapicque' has no attribute {name!r}")
