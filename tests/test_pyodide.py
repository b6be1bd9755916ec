"""The engine in Pyodide (Python for the browser), run in Node: the same spikes as here.

CPython is the truth: it is held against formulas and mpmath elsewhere. What may differ is the
mathematical library below both, by an ulp.
"""

import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies import experiments

import lapicque as lq
from lapicque.lab import site
from lapicque.lab.answer import answer, describe

ROOT = Path(__file__).parent.parent
CORE = ROOT / "web" / "node_modules" / "pyodide"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not CORE.is_dir(), reason="needs Node.js and npm ci in web/"
)


def in_pyodide(folder, asked):
    """Ask all at once: the replies, and the packages that were imported."""
    archive = folder / "lapicque.zip"
    archive.write_bytes(site.sources())
    done = subprocess.run(
        [NODE, str(ROOT / "tests" / "pyodide_run.mjs"), str(archive)],
        input="\n".join(json.dumps([what, text]) for what, text in asked) + "\n",
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *replies, packages = [json.loads(line) for line in done.stdout.splitlines()]
    return replies, set(packages)


def examples():
    """Every experiment of the lab and of examples/."""
    found = [
        (f"{preset['name']} {variant['name']} {k}", entry["experiment"])
        for preset in describe()["presets"]
        for variant in preset["variants"]
        for k, entry in enumerate(variant["experiments"])
    ]
    for path in sorted((ROOT / "examples").glob("[0-9]*.toml")):
        found.append((path.name, lq.load(path).to_dict()))
    return found


def drawn(count):
    """Some experiments of tests/strategies.py, thresholds near peaks among them."""
    found = []

    @given(st.data())
    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    def collect(data):
        experiment = data.draw(experiments())
        if len(found) < count:
            found.append(experiment)

    collect()
    return [(f"drawn {k}", experiment.to_dict()) for k, experiment in enumerate(found)]


def bar(response, k):
    """1e-11 ms, scaled by how much an error of V at a spike moves its time.

    Eight ulp of V over the slope at which it crosses the threshold; along a train the shifts add
    up.
    """
    neuron, spikes = response.neuron, response.spikes
    total = 0.0
    for t in spikes[: k + 1]:
        left = response.voltage(t, left=True)
        back = max(t - 1e-4, 0.0)
        slope = abs(left - response.voltage(back)) / max(t - back, 1e-12)
        scale = max(1.0, *(abs(value) for *_, value in neuron.levels()))
        total += 8.0 * math.ulp(scale) / slope if slope > 0.0 else 1.0
    return 1e-11 + total


def test_the_same_spikes_as_in_cpython(tmp_path):
    """Count first, then every spike within 1e-11 ms (condition-scaled); no package is loaded."""
    cases = [*examples(), *drawn(60)]
    replies, packages = in_pyodide(tmp_path, [("run", json.dumps(data)) for _, data in cases])
    assert not packages & {"numpy", "micropip", "tomli_w", "starlette"}
    spikes = 0
    for (name, data), reply in zip(cases, replies, strict=True):
        response = lq.Experiment.from_dict(data).run()
        assert len(reply["spikes"]) == response.spike_count, name
        for k, (ours, theirs) in enumerate(zip(response.spikes, reply["spikes"], strict=True)):
            assert abs(ours - theirs) <= bar(response, k), (name, k)
            spikes += 1
    assert spikes > 500


def test_the_page_answers_as_the_server_does(tmp_path):
    """Every view of every preset: the same words, the same numbers to their last shown digit."""
    asked = []
    for preset in describe()["presets"]:
        for view in describe()["views"]:
            listed = [e["experiment"] for e in preset["variants"][0]["experiments"]]
            request = {"id": 1, "kind": "run", "view": view["name"], "experiments": listed}
            if view["name"] == "convergence":
                request["method"] = {"name": "Euler", "locate": "linear"}
            asked.append({**request, "window": None, "width": 300})
    replies, _ = in_pyodide(tmp_path, [("reply", json.dumps(request)) for request in asked])
    for request, theirs in zip(asked, replies, strict=True):
        ours = json.loads(json.dumps(answer(request)))
        assert theirs["ok"] == ours["ok"], request
        results = zip(ours.get("results", []), theirs.get("results", []), strict=True)
        for one, other in results:
            assert other["sentence"] == one["sentence"]
            texts = [[readout["text"] for readout in each["readouts"]] for each in (one, other)]
            assert texts[1] == texts[0]
            assert len(other["spikes"]) == len(one["spikes"])
        if "plane" in ours:
            assert theirs["plane"]["sentence"] == ours["plane"]["sentence"]
