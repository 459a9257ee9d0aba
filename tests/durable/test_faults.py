"""The storage layer under faults: a process that dies, tears a write or finds the disk full at any call.

Oracle: the random numbers that the job writes, and a run without a fault.  A library that is preloaded
(`fault_shim.c`) numbers every call that changes something below the folder of the scan, and lets the Nth go
wrong, for every N; `made_up_job.py` then looks at what is there, runs the job again, and looks once more.
What the disk itself loses with the power is not tried; that everything is synchronised before it gets its
name is.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from made_up_job import OUTPUT, REFUSING
from places import HELPERS, PATIENCE_S

FEWEST_CALLS = 150  # a job with fewer would not say much
LANES = {
    "gzip from the beginning": ("gzip", "fresh"),
    "none from what a killed run left": ("none", "resumed", "--step", "2"),
}
STEPS = {"gzip from the beginning": 1, "none from what a killed run left": 2}  # every call, every other call
SAMPLE_STEP = 20
CONTROL_STEP = 7  # every seventh call is enough to catch a writer that is wrong

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD and /proc are Linux's"),
]


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "fault_shim.so"
    command = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", HELPERS / "fault_shim.c"]
    subprocess.run([*command, "-o", library, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def begin(shim, tmp_path_factory):
    """Start trials in a process of their own."""

    def start(*arguments):
        environment = os.environ | {"LD_PRELOAD": str(shim), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, HELPERS / "made_up_job.py", tmp_path_factory.mktemp("trials"), *arguments]
        return subprocess.Popen(
            list(map(str, command)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    return start


def found_by(process):
    printed, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    return json.loads(printed)


@pytest.fixture(scope="module")
def found(begin):
    """What the trials of both lanes found; they run side by side."""
    running = {name: begin(*arguments) for name, arguments in LANES.items()}
    return {name: found_by(process) for name, process in running.items()}


def test_some_faults_lose_and_spoil_nothing(begin):
    """A sample of the calls; the long tests try them all."""
    one = found_by(begin("gzip", "fresh", "--step", str(SAMPLE_STEP)))
    assert one["wrong"] == []
    assert one["tried"]["die"] == one["tried"]["tear"] >= FEWEST_CALLS // SAMPLE_STEP
    assert one["tried"]["fail"] > 0


@pytest.mark.long
@pytest.mark.parametrize("lane", LANES)
def test_no_fault_at_any_call_loses_or_spoils_anything(found, lane, record_property):
    one = found[lane]
    record_property("faults", one["tried"])
    print(lane, "calls:", len(one["calls"]), "faults:", one["tried"])
    assert one["wrong"] == []
    tried = one["calls"][:: STEPS[lane]]
    assert one["tried"]["die"] == one["tried"]["tear"] == len(tried) >= FEWEST_CALLS // STEPS[lane]
    refusable = list(filter(needs_space, one["calls"]))[:: STEPS[lane]]
    assert one["tried"]["fail"] == len(refusable) >= FEWEST_CALLS // STEPS[lane]
    assert one["tried"]["full"] > 0


def needs_space(call):
    return not call.startswith(("unlink", "rmdir"))


@pytest.mark.long
@pytest.mark.parametrize("lane", LANES)
def test_everything_is_on_disk_before_it_has_its_name(found, lane):
    calls = [re.sub(r"\.[0-9a-f]{16}\.part$", ".part", call) for call in found[lane]["calls"]]
    named = [(at, call.split()[1]) for at, call in enumerate(calls) if call.startswith("rename")]
    kept = {path.rsplit("/", 1)[1] for _, path in named if not path.endswith(".bad")}
    plan = ["plan.json"] if lane.startswith("gzip") else []
    assert kept == {*(f"tile-{tile:05d}.tile" for tile in range(4)), *plan, OUTPUT}
    for at, path in named:
        if path.endswith(".bad"):
            continue
        folder, name = path.rsplit("/", 1)
        part = f"{folder}/.{name}.part"
        touched = [call for call in calls[:at] if call.endswith(f" {part}")]
        assert touched[-1] == f"fsync {part}"
        assert any(call.startswith("write") for call in touched)
        assert calls[at + 1] == f"fsync {folder}"
    at = calls.index(f"rename /{OUTPUT}")  # tile files stay until then
    assert [call for call in calls[:at] if call.startswith("unlink") and call.endswith(".tile")] == []


@pytest.mark.long
@pytest.mark.parametrize("lane", LANES)
def test_a_writer_that_writes_in_place_is_caught(begin, lane):
    one = found_by(begin(*LANES[lane][:2], "--in-place", "--step", str(CONTROL_STEP)))
    without_fault = [text for text in one["wrong"] if not text.startswith(("die", "tear", *REFUSING))]
    assert without_fault == []  # it is wrong only where something happens
    assert any("is done, but unreadable" in text for text in one["wrong"])
    assert any("the output is there, but not whole" in text for text in one["wrong"])


def test_the_storage_layer_needs_no_jax():
    code = "import sys, jaxtri.durable.jobs.job, jaxtri.durable.jobs.threads; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
