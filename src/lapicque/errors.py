"""Every error that lapicque raises on purpose.

LapicqueError
├── ParameterError (ValueError)      a value breaks its rule
│   ├── UnitError                    a quantity of the wrong dimension, an unknown unit
│   └── UnknownNameError             no parameter, model, kind, feature or path has this name
├── ExperimentError (ValueError)     a file or dict that is no experiment
├── LimitError (RuntimeError)        a cap was reached: spikes, steps, evaluations
├── SweepError (RuntimeError)         a sweep cannot go on: its store, or its workers
├── MissingPackageError (ImportError) an optional package is not installed
├── LinkError (in link)              a share link that cannot be read or written
├── LabError (in lab.server)         the lab's server cannot start
└── SiteError (in lab.site)          the static page cannot be built
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class LapicqueError(Exception):
    """The base of all errors of this package."""


class ParameterError(LapicqueError, ValueError):
    """A value that breaks its rule: ``'tau_m' must be > 0 ms (got -3.0)``.

    Attributes
    ----------
    path : str
        What the value was for: a name, or a dotted path such as ``current.0.amplitude``.
    rule : str
        What it must be, with the unit.
    value : object
        What was received.
    cure : str
        What to do about it, or "".
    also : tuple of str
        Paths of other values that the rule involves.
    """

    def __init__(
        self,
        path: str,
        rule: str,
        value: object = ...,
        cure: str = "",
        also: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.rule = rule
        self.value = value
        self.cure = cure
        self.also = also
        super().__init__(path, rule, value, cure, also)

    def __str__(self) -> str:
        got = "" if self.value is ... else f" (got {brief(self.value)})"
        path = self.path if self.path.isprintable() else repr(self.path)[1:-1]
        path = path if len(path) <= 120 else f"{path[:60]}...{path[-40:]}"
        return f"'{path}' {self.rule}{got}" + (f". {self.cure}" if self.cure else "")

    def knowing(self, name: str) -> ParameterError:
        """Return the same error; one for an unknown name knows ``name`` too."""
        return self

    def within(self, prefix: str) -> ParameterError:
        """Return the same error with its path seen from further out."""
        also = tuple(f"{prefix}.{path}" for path in self.also)
        return type(self)(f"{prefix}.{self.path}", self.rule, self.value, self.cure, also)

    row: int | None = None
    """Which row of many it is of, if any."""

    def at_row(self, row: int) -> ParameterError:
        """Return the same error, of one row of many."""
        cure = self.cure.removesuffix(f"This is row {self.row}.").strip()
        found = type(self)(self.path, self.rule, self.value, f"{cure} This is row {row}.".strip())
        found.also, found.row = self.also, row
        return found


class UnitError(ParameterError):
    """A quantity whose dimension does not fit, or a unit that is not known."""


class UnknownNameError(ParameterError):
    """A name that nothing has."""

    what: str = ""
    known: tuple[str, ...] = ()

    def knowing(self, name: str) -> ParameterError:
        """Return the same error with one more known name."""
        if self.path != self.value:
            return self
        return unknown_name(self.path, self.what, self.value, [*self.known, name])


class ExperimentError(LapicqueError, ValueError):
    """A file or dict that does not describe an experiment."""


class LimitError(LapicqueError, RuntimeError):
    """A cap was reached; the message names it and how to raise it.

    Attributes
    ----------
    path : str or None
        The cap, or the value that would have to change.
    also : tuple of str
        Paths of other values that would help.
    """

    def __init__(self, message: str, path: str | None = None, also: tuple[str, ...] = ()) -> None:
        self.path = path
        self.also = also
        super().__init__(message, path, also)

    def __str__(self) -> str:
        return str(self.args[0])


class SweepError(LapicqueError, RuntimeError):
    """A sweep cannot go on: its store cannot be read or written, or its workers died."""


class MissingPackageError(LapicqueError, ImportError):
    """An optional package is not installed; the message says how to install it."""


def brief(value: object) -> str:
    """Return ``repr(value)``, shortened to what fits in one line."""
    try:
        text = repr(value)
    except Exception:  # an error message must not raise another one
        text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:50]}... ({type(value).__name__})"


def unknown_name(path: str, what: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a name that is not among the known ones, with the likeliest of them."""
    import difflib

    known = sorted(known)
    cure = f"Known: {', '.join(known)}." if known else ""
    if isinstance(name, str):
        folded = {k.lower().replace("_", ""): k for k in known}
        close = difflib.get_close_matches(name.lower().replace("_", "")[:80], folded, 1, 0.6)
        if close:
            cure = f"Did you mean `{folded[close[0]]}`?"
    error = UnknownNameError(path, f"is not {what}", name, cure)
    error.what, error.known = what, tuple(known)
    return error
