"""Types of the flat sequences that kernels read and write: lists, ``array('d')``, NumPy arrays."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableSequence

    Floats = MutableSequence[float]
    Ints = MutableSequence[int]
