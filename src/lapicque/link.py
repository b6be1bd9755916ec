"""An experiment as a link, and back: ``#1.<text>`` behind the address of the lab.

The text is base64url, without padding, of raw DEFLATE of compact UTF-8 JSON; docs/links.md is the
specification.  A link comes from anywhere: reading one executes nothing, opens no file, and takes
no more memory or time than its limits say.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import experiment as files
from .errors import ExperimentError, LapicqueError, LimitError, ParameterError, brief
from .experiment import Experiment, first_repeated

VERSION = 1
MOST_EXPERIMENTS = 4
MAX_CHARACTERS = 16_000
"""Of the part behind the ``#``."""
MAX_BYTES = 200_000
"""Of the JSON text, unpacked."""
MAX_DEPTH = 64
"""Nesting of the JSON; an experiment needs six."""
MAX_TEXT = 200
"""Characters of a name, and of the view's."""

_KEYS = ("experiments", "names", "view", "lab")
_PARTS = re.compile(r"([0-9]{1,9})\.(.*)", re.DOTALL)
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")
# An address is none of a file, and a damaged link is to be told so. Without the number sign a short
# one could be the name of a file, such as 1.toml.
_SHAPE = re.compile(r"(?:https?://.*|#[0-9]{1,9}\..*|[0-9]{1,9}\.[\w-]{24,})", re.ASCII | re.DOTALL)
# A text in quotes as a whole, to its end or that of the JSON, or one bracket outside of any.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class LinkError(LapicqueError, ValueError):
    """A text that is no link to an experiment, or an experiment that fits in none."""


@dataclasses.dataclass(frozen=True)
class Link:
    """What a link carries.

    Attributes
    ----------
    experiments : tuple of Experiment
        One to four.
    names : tuple of str
        What each is called; none for a single one.
    view : str or None
        The lab's view to open with.
    lab : dict or None
        Where the lab's controls stood, as the lab wrote it: plain data, not looked into here.
    """

    experiments: tuple[Experiment, ...]
    names: tuple[str, ...] = ()
    view: str | None = None
    lab: dict[str, Any] | None = None


def address() -> str | None:
    """Return the public address of the lab's page; None where the package is not installed."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        listed = metadata("lapicque").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    urls = dict(entry.split(", ", 1) for entry in listed)
    return urls.get("Lab")


def url(experiments: Experiment | Sequence[Experiment], names: Sequence[str] = ()) -> str:
    """Return the address that opens experiments in the lab.

    Parameters
    ----------
    experiments : Experiment or sequence of Experiment
        One to four.
    names : sequence of str, as many, optional

    Returns
    -------
    str
        Of the public page; the part from ``#`` on also works behind any other lab's address.

    Raises
    ------
    LinkError
        If they do not fit in a link.
    """
    return f"{address() or ''}#{write(experiments, names)}"


def write(
    experiments: Experiment | Sequence[Experiment],
    names: Sequence[str] = (),
    view: str | None = None,
    lab: dict[str, Any] | None = None,
) -> str:
    """Return a link to experiments, without its ``#``.

    Parameters
    ----------
    experiments : Experiment or sequence of Experiment
        One to four.
    names : sequence of str, as many, optional
    view : str, optional
        Of the lab: "traces", "f-I" ...
    lab : dict, optional
        Where the lab's controls stand; plain JSON.

    Returns
    -------
    str

    Raises
    ------
    LinkError
        If they do not fit in a link; its message says how long it would be.
    """
    import base64
    import json
    import zlib

    listed = [experiments] if isinstance(experiments, Experiment) else experiments
    if not isinstance(listed, (list, tuple)) or not all(isinstance(e, Experiment) for e in listed):
        raise LinkError(f"'experiments' must be experiments (got {brief(listed)})")
    if not isinstance(names, (list, tuple)):
        raise LinkError(f"'names' must be a list (got {brief(names)})")
    data: dict[str, Any] = {"experiments": [each.to_dict() for each in listed]}
    if any(names):
        data["names"] = list(names)
    if view is not None:
        data["view"] = view
    if lab is not None:
        data["lab"] = lab
    _check(data)
    try:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        raw = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise LinkError(f"the link must be plain JSON: {reason}") from None
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = base64.urlsafe_b64encode(packer.compress(raw) + packer.flush()).decode().rstrip("=")
    link = f"{VERSION}.{packed}"
    if len(link) > MAX_CHARACTERS or len(raw) > MAX_BYTES:
        raise LinkError(
            f"the link would be {len(link)} characters long, for {len(raw)} bytes of JSON; it may "
            f"have {MAX_CHARACTERS} characters, for {MAX_BYTES} bytes. Save it as TOML instead."
        )
    _table(text)  # what the reader would refuse is not written
    return link


def is_link(text: object) -> bool:
    """Whether a text is meant as a link: ``https://...#1.x``, ``#1.x`` or ``1.x``, sound or not.

    Parameters
    ----------
    text : object
    """
    return isinstance(text, str) and _SHAPE.fullmatch(text.strip()) is not None


def read(link: str) -> Link:
    """Return what a link carries.

    Parameters
    ----------
    link : str
        A whole address, or its part from ``#`` on, with or without the ``#``.

    Raises
    ------
    LinkError
        If it is no link, is damaged, too long, or made by a newer version, or if its currents
        multiply to more terms than `lapicque.pieces.MAX_TERMS`.
    ParameterError
        With the dotted path of the value of an experiment that breaks its rule.
    """
    data = _table(_inflated(_payload(link)))
    _check(data)
    listed = data["experiments"]
    experiments = []
    for k, entry in enumerate(listed):
        try:
            experiments.append(Experiment.from_dict(entry))
        except ParameterError as error:
            raise error if len(listed) == 1 else error.within(f"experiments.{k}") from None
        except (ExperimentError, LimitError) as error:
            raise LinkError(f"the link holds no experiment: {error}") from None
    return Link(tuple(experiments), tuple(data.get("names", ())), data.get("view"), data.get("lab"))


def load(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment from a .toml or .json file, or from a link.

    Parameters
    ----------
    path : str or os.PathLike
        A file, where one has this name; one that does not end in .json is read as TOML. Else a
        link to the lab (``https://...#1.x``, ``#1.x`` or ``1.x``); of several experiments in it
        the first is taken (`lapicque.link.read` gives all).

    Raises
    ------
    ExperimentError
        If the file cannot be read or is no experiment.
    LinkError
        If the link is damaged or made by a newer version.
    ParameterError
        With the dotted path of the value that is wrong.
    """
    if isinstance(path, str) and is_link(path) and not os.path.lexists(path):
        return read(path).experiments[0]
    return files.load(path)


def _payload(link: object) -> str:
    if not isinstance(link, str):
        raise LinkError(f"a link must be text (got {brief(link)})")
    _, sign, behind = link.partition("#")
    fragment = (behind if sign else link).strip()
    found = _PARTS.fullmatch(fragment)
    if found is None:
        raise LinkError(
            f"this is no link to an experiment, which has #1. and a text (got {brief(link)})"
        )
    version, payload = int(found[1]), found[2]
    if version > VERSION:
        raise LinkError(
            f"the link was made by a newer lapicque (format {version}; this one reads {VERSION}): "
            "update lapicque; on a web page, reload it"
        )
    if version < VERSION:
        raise LinkError(f"there is no format {version} of links (the first is {VERSION})")
    if len(fragment) > MAX_CHARACTERS:
        raise LinkError(
            f"a link must be at most {MAX_CHARACTERS} characters long (got {len(fragment)})"
        )
    if not _ALPHABET.fullmatch(payload):
        wrong = next((c for c in payload if not _ALPHABET.fullmatch(c)), None)
        what = f"{wrong!a} is no character of it" if wrong else "nothing follows the point"
        raise LinkError(f"the link is damaged: {what}")
    return payload


def _inflated(payload: str) -> str:
    import base64
    import zlib

    if len(payload) % 4 == 1:
        raise LinkError("the link is damaged: it is not whole")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        packed = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        raw = unpacker.decompress(packed, MAX_BYTES + 1)
    except (ValueError, zlib.error):
        raise LinkError("the link is damaged: it cannot be unpacked") from None
    if len(raw) > MAX_BYTES:
        raise LinkError(f"the link unpacks to more than {MAX_BYTES} bytes")
    if not unpacker.eof:
        raise LinkError("the link is damaged: it is not whole")
    if unpacker.unused_data:
        raise LinkError("the link is damaged: something follows its end")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise LinkError("the link is damaged: it holds no UTF-8 text") from None


def _table(text: str) -> dict[str, Any]:
    """Return the JSON table in a text; strictly, as Python's own reader takes more than JSON."""
    import json

    # Looked at beforehand: a reader that recurses may meet the end of its stack.
    if _is_too_deep(text):
        raise LinkError(f"a link must nest at most {MAX_DEPTH} deep")
    try:
        data = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_number,
            parse_float=_number,
            parse_int=_whole,
        )
        if "\\u" in text:
            json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise LinkError("the link holds half a Unicode character") from None
    except json.JSONDecodeError as error:
        raise LinkError(f"the link holds no JSON ({error.msg})") from None
    if not isinstance(data, dict):
        raise LinkError(f"the link must hold a table (got {brief(data)})")
    return data


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if (twice := first_repeated(name for name, _ in pairs)) is not None:
        raise LinkError(f"{brief(twice)} stands twice in one table of the link")
    return dict(pairs)


def _number(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise LinkError(f"a number in a link must be finite (got {brief(literal)})")
    return value


def _whole(literal: str) -> int:
    if len(literal) > 300:  # Python's limit of digits is not met, and it fits a double
        raise LinkError(f"a number in a link must be finite (got {brief(literal)})")
    return int(literal)


def _check(data: Mapping[str, Any]) -> None:
    """Check what is beside the experiments, the same on both sides."""
    for key in data:
        if key not in _KEYS:
            raise LinkError(f"{brief(key)} is no part of a link ({', '.join(_KEYS)})")
    listed = data.get("experiments")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_EXPERIMENTS:
        got = f"{len(listed)} of them" if isinstance(listed, list) else brief(listed)
        raise LinkError(f"a link must hold 1 to {MOST_EXPERIMENTS} experiments (got {got})")
    names = data.get("names", [])
    if not isinstance(names, list) or len(names) not in (0, len(listed)):
        raise LinkError(f"'names' must be one for each experiment (got {brief(names)})")
    view, lab = data.get("view"), data.get("lab")
    for text in (*names, "" if view is None else view):
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            rule = f"must be a text of at most {MAX_TEXT} characters"
            raise LinkError(f"a name in a link {rule} (got {brief(text)})")
    if lab is not None and not isinstance(lab, dict):
        raise LinkError(f"'lab' must be a table (got {brief(lab)})")
