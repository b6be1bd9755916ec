"""The lab in a notebook: ``lab = Lab(); lab`` shows it, ``lab.experiment`` is what was dragged.

The same front end and the same `answer` as on the local page.  A request comes as a custom message
of the widget and its reply goes back as one; what a saved notebook keeps (where the sliders stand,
the last picture) are synced traits, written when the sliders have come to rest.

This module needs anywidget, so it is imported only where `Lab` is asked for.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from typing import Any

from ..errors import LapicqueError, MissingPackageError, ParameterError
from ..experiment import Experiment
from ..method import Exact, FixedStep, method_from_dict
from ..presets import preset as known_preset
from ..response import Response
from .answer import MAX_EXPERIMENTS, answer, describe
from .frames import respond
from .presets import OWN, preset_of
from .server import STATIC, LabError
from .still import PLOT, in_words, still, still_html

try:
    import anywidget
    import traitlets
except ImportError:
    raise MissingPackageError(
        "the lab in a notebook needs anywidget: pip install 'lapicque[lab]'"
    ) from None

for _name in ("lab.js", "lab.css"):
    if not (STATIC / _name).is_file():
        raise LabError(f"the lab's {_name} is not built: run `python3 dev.py build-web`")


# Bytes; a segment of the loopback device has 65,483 (docs/benchmarks.md says why it matters).
_MOST_FILLING = 2**17
# Each view of a lab numbers its requests in a series of this length (widget.js).
_SERIES = 2**20


class _Shown(traitlets.TraitType[Any, Any]):
    """What the lab shows now, all of it or the first; not stored a second time."""

    info_text = "an experiment"

    def __init__(self, all_of_them: bool, help: str) -> None:
        super().__init__(help=help, read_only=all_of_them)
        self._all = all_of_them

    def get(self, obj: Any, cls: Any = None) -> Any:
        shown = obj._experiments()
        return shown if self._all else shown[0]

    def set(self, obj: Any, value: Any) -> None:
        obj._open(value)


class Lab(anywidget.AnyWidget):
    """The lab as a widget, for Jupyter, Colab, VS Code and marimo.

    Parameters
    ----------
    experiment : Experiment or str, optional
        An experiment, or the name of one of `lapicque.presets`. It opens as a preset of its own,
        with a slider for every number; without one the lab opens with the first of its built-in
        presets. A method with a time step is opened as the one that the lab compares with the
        exact solution.

    Attributes
    ----------
    experiment : Experiment
        What was dragged and answered last; of a preset with several experiments the first. Its
        method is the one chosen in the lab. Assigning another experiment opens that in every view.
    experiments : tuple of Experiment
        All that are shown.
    response : Response
        The run of ``experiment``, computed on access.

    Raises
    ------
    ParameterError
        If ``experiment`` is no experiment and names none.

    Notes
    -----
    ``lab.observe(f, "experiment")`` calls ``f`` with the change when a drag has come to rest, and
    after an assignment.

    A cell that ends in the lab has two outputs: the widget, and a still picture of what it shows,
    which the live widget hides. So an exported or reopened notebook shows the picture. A lab
    inside another widget has no still.
    """

    _esm = STATIC / "lab.js"
    _css = STATIC / "lab.css"

    experiment = _Shown(False, help="what was dragged last; assign another to open it")
    experiments = _Shown(True, help="all experiments that are shown")

    _key = traitlets.Unicode().tag(sync=True)
    _described = traitlets.Dict().tag(sync=True)
    _saved: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    # Large, and of no use to the view that has sent it.
    _picture: Any = traitlets.Dict(default_value=None, allow_none=True).tag(
        sync=True, echo_update=False
    )

    def __init__(self, experiment: Experiment | str | None = None) -> None:
        # A kernel may answer the front end in another thread than the one that runs cells.
        self._lock = threading.RLock()
        self._numbers = itertools.count()
        self._noted: Any = None
        self._is_displayed = False
        self._method: dict[str, Any] | None = None
        described = describe()
        saved = None
        if experiment is None:
            self._take(next(p for p in described["presets"] if p["name"] == described["first"]))
        else:
            described, saved = self._opened(experiment, described, {})
        key = uuid.uuid4().hex
        super().__init__(
            model_id=key,
            _key=key,  # again, as the front end is not told the model's own
            _described=described,
            _saved=saved,
            _picture=self._drawn(),
        )
        self._announced = self._experiments()
        self.on_msg(self._receive)

    @property
    def response(self) -> Response:
        """The run of ``experiment``, computed on access.

        Raises
        ------
        LimitError
            If it has more spikes or steps than `Experiment.run` allows.
        """
        run: Experiment = self.experiment
        return run.run()

    def __repr__(self) -> str:
        shown = self._experiments()[0]
        return f"Lab({shown.neuron!r}, {shown.duration:g} ms)"

    # What is shown ---------------------------------------------------------------------------

    def _experiments(self) -> tuple[Experiment, ...]:
        with self._lock:
            shown, method = self._shown, self._method
        return tuple(
            Experiment.from_dict(data if method is None else {**data, "method": method})
            for data in shown
        )

    def _take(self, preset: dict[str, Any]) -> None:
        entries = preset["variants"][0]["experiments"]
        self._shown = [entry["experiment"] for entry in entries]
        self._names = [entry["label"] for entry in entries]

    def _opened(
        self, experiment: Any, described: dict[str, Any], state: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Take an experiment over: return the description and the saved state that open it."""
        if isinstance(experiment, str):
            experiment = known_preset(experiment)
        if not isinstance(experiment, Experiment):
            example = "Experiment(LIF(), constant(1.6), 100.0)"
            raise ParameterError(
                "experiment", f"must be an experiment, such as {example}", experiment
            )
        preset = preset_of(experiment)
        self._take(preset)
        method = experiment.method.to_dict() if isinstance(experiment.method, FixedStep) else None
        self._method = method
        others = [each for each in described["presets"] if each["name"] != OWN]
        exact = {**_table(state.get("method")), "name": Exact.__name__}
        choices = _table(state.get("choices"))
        chosen = {
            **state,
            "preset": OWN,
            "choices": {name: choice for name, choice in choices.items() if name != OWN},
            "method": method or exact,
        }
        # A view that a preset brought along goes with it.
        left: dict[str, Any] = next(
            (p for p in self._presets(described) if p["name"] == state.get("preset")), {}
        )
        if "view" in chosen and chosen["view"] == left.get("view"):
            del chosen["view"]
        return (
            {**described, "presets": [*others, preset], "first": OWN},
            # Numbered, so that the same experiment once more is a change too.
            {
                "origin": f"python {next(self._numbers)}",
                "state": chosen,
                "linked": _linked(self._saved),
            },
        )

    def _open(self, experiment: Any) -> None:
        with self._lock:
            described, saved = self._opened(experiment, self._described, self._state())
            with self.hold_sync():
                self._described, self._saved = described, saved
                self._picture = self._drawn()
        self._settle()

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._saved["state"] if self._saved else {}
        return state

    def _presets(self, described: dict[str, Any]) -> list[dict[str, Any]]:
        """Return all that may be on show: what is described, and what the view made of links."""
        return [*described["presets"], *_linked(self._saved)]

    def _drawn(self) -> dict[str, Any] | None:
        """Return what a view paints before it has asked anything."""
        request = {"kind": "run", "view": "traces", "experiments": self._shown, "packed": True}
        reply = answer(request)
        if not reply["ok"]:
            return None
        names = self._names if len(self._names) > 1 else []
        return {"experiments": self._shown, "names": names, "results": reply["results"]}

    # Messages --------------------------------------------------------------------------------

    def _receive(self, widget: object, content: Any, buffers: object) -> None:
        reply = respond(self._answer, content)
        self.send({"reply": reply}, _filling(content, len(reply)))

    def _answer(self, request: Any) -> dict[str, Any]:
        if isinstance(request, dict) and request.get("kind") == "describe":
            return {"ok": True, "describe": self._described}
        reply = answer(request)
        if reply["ok"] and request["kind"] == "run":
            self._note(request)
        return reply

    def _note(self, request: dict[str, Any]) -> None:
        """Remember what was answered, so that ``experiment`` is up to date also within a drag."""
        experiments = request["experiments"]
        with self._lock:
            self._noted = request.get("id")
            held = _table(self._state().get("held")).get("experiments")
            view = request.get("view", "traces")
            if view == "error":
                self._method = experiments[0]["method"]
            elif view == "traces" and experiments != held:
                self._shown = experiments
                if len(self._names) != len(experiments):  # until it is told them
                    self._names = [str(k + 1) for k in range(len(experiments))]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end has saved; ipywidgets calls this.

        Parameters
        ----------
        sync_data : dict
            Of anything: what is not as our front end writes it is ignored.
        """
        with self._lock:
            known = {"layout", "tabbable", "tooltip", "_dom_classes"}
            taken = {key: value for key, value in sync_data.items() if key in known}
            saved: Any = sync_data.get("_saved")
            picture: Any = sync_data.get("_picture")
            is_late = _is_saved(saved) and _is_before(saved.get("asked"), self._noted)
            if _is_saved(saved):
                taken["_saved"] = saved
                if not is_late:
                    self._method = _compared(saved["state"].get("method"))
            if _is_picture(picture):
                taken["_picture"] = picture
                if not is_late:
                    self._shown = picture["experiments"]
                    self._names = picture["names"] or [""]
            super().set_state(taken)
        if "_saved" in taken or "_picture" in taken:
            self._settle()

    def _settle(self) -> None:
        """The sliders are at rest: tell who observes, and renew the still picture."""
        if self._is_displayed:
            self._display_still(update=True)
        before, self._announced = self._announced, self._experiments()
        for name, old, new in (
            ("experiment", before[0], self._announced[0]),
            ("experiments", before, self._announced),
        ):
            if old != new:
                change = {"name": name, "old": old, "new": new, "owner": self, "type": "change"}
                self.notify_change(traitlets.Bunch(change))

    # The still picture -----------------------------------------------------------------------

    def _ipython_display_(self, **kwargs: Any) -> None:
        if self.comm is None:  # closed
            _publish({"text/plain": repr(self)})
            return
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        _publish(data, metadata=metadata)
        self._is_displayed = True
        self._display_still(update=False)

    def _display_still(self, update: bool) -> None:
        svg, words = self._still()
        if svg:
            data = {"text/html": still_html(svg, words, self._key), "text/plain": words}
            _publish(data, transient={"display_id": self._key}, update=update)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the widget, and the picture for who shows no widgets (Jupyter's front ends do)."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        svg, _ = self._still()
        return ({**data, "image/svg+xml": svg} if svg else data), metadata

    def _still(self) -> tuple[str, str]:
        with self._lock:
            shown, names, method, state = self._shown, self._names, self._method, self._state()
        request = {"kind": "run", "view": "traces", "experiments": shown, "width": PLOT}
        reply = answer(request)
        if not reply["ok"]:
            return "", ""
        compared = []
        if method is not None:
            other = [{**data, "method": method} for data in shown]
            compared = answer({**request, "view": "error", "experiments": other}).get("results", [])
        preset = state.get("preset", self._described["first"])
        presets = self._presets(self._described)
        title = next((p["title"] for p in presets if p["name"] == preset), "")
        drawn = (reply["results"], names, title, compared)
        beside = self._beside(state, request)
        return still(*drawn, (), *beside), in_words(*drawn, *beside)

    def _beside(
        self, state: dict[str, Any], request: dict[str, Any]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the results and names of the setting B, within the span of A; none without one."""
        held = _table(state.get("held"))
        if not _is_picture(held):
            return [], []
        longest = max(data["duration"] for data in request["experiments"])
        span = [0.0, longest or 1.0]  # as long as the picture's axis
        reply = answer({**request, "experiments": held["experiments"], "window": span})
        return reply.get("results", []), held["names"]


def _publish(data: dict[str, Any], **how: Any) -> None:
    from IPython.display import publish_display_data

    publish_display_data(data, **how)  # type: ignore[no-untyped-call]


def _filling(content: Any, length: int) -> list[bytes]:
    """Return what makes a reply as long as the front end wishes, for it to go out at once."""
    wish = content.get("fill") if isinstance(content, dict) else None
    if isinstance(wish, int) and length < wish <= _MOST_FILLING:
        return [bytes(wish - length)]
    return []


# What comes back from a front end, which may have it from a file ------------------------------


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_saved(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("origin"), str)
        and isinstance(value.get("state"), dict)
    )


def _linked(saved: Any) -> list[dict[str, Any]]:
    """Return the presets of links that the front end keeps; only it looks into their sliders."""
    linked = _table(saved).get("linked")
    return [
        each
        for each in (linked if isinstance(linked, list) else [])
        if isinstance(each, dict)
        and all(isinstance(each.get(name), str) for name in ("name", "title"))
    ]


def _is_before(asked: Any, noted: Any) -> bool:
    """Whether one request of a view came before another of the same view."""
    if not isinstance(asked, int) or not isinstance(noted, int):
        return False
    return asked // _SERIES == noted // _SERIES and asked < noted


def _compared(method: Any) -> dict[str, Any] | None:
    """Return the compared method of a saved state; None for the exact one, and for nonsense."""
    try:
        chosen = method_from_dict({key: method[key] for key in ("name", "dt", "locate")})
    except (LapicqueError, KeyError, TypeError):
        return None
    return chosen.to_dict() if isinstance(chosen, FixedStep) else None


def _is_picture(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    experiments, names = value.get("experiments"), value.get("names")
    if not isinstance(experiments, list) or not 1 <= len(experiments) <= MAX_EXPERIMENTS:
        return False
    if not isinstance(names, list) or len(names) not in (0, len(experiments)):
        return False
    try:
        for data in experiments:
            Experiment.from_dict(data)
    except LapicqueError:
        return False
    return (len(experiments) == 1 or bool(names)) and all(isinstance(name, str) for name in names)
