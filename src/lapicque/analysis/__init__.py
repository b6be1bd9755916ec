"""A neuron or an experiment -> a curve: f-I, Lapicque's law, phase locking, how far trains differ.

`excitability` asks when a neuron fires under constant currents and pulses, `locking` how it
follows a sine, `comparison` how far two trains are apart.
"""

from .comparison import Comparison as Comparison
from .comparison import Convergence as Convergence
from .comparison import compare as compare
from .comparison import convergence as convergence
from .comparison import mean_current as mean_current
from .excitability import Rheobase as Rheobase
from .excitability import chronaxie as chronaxie
from .excitability import f_I as f_I
from .excitability import least_energy_duration as least_energy_duration
from .excitability import rheobase as rheobase
from .excitability import strength_duration as strength_duration
from .excitability import threshold_amplitude as threshold_amplitude
from .excitability import weiss as weiss

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .locking import Rotation as Rotation
    from .locking import Tongue as Tongue
    from .locking import arnold_tongue as arnold_tongue
    from .locking import firing_map as firing_map
    from .locking import rotation_number as rotation_number
    from .locking import rotation_numbers as rotation_numbers

_LOCKING = (
    "Rotation",
    "Tongue",
    "arnold_tongue",
    "firing_map",
    "rotation_number",
    "rotation_numbers",
)


def __getattr__(name: str) -> object:
    # When asked for: the lab has no use for it, and its page does not load it.
    if name in _LOCKING:
        from . import locking

        return getattr(locking, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LOCKING})
