"""Tiles go round all devices, and the numbers do not depend on how many there are.

Oracle: the same scan on one device, in a process of its own.
"""

import os
import subprocess
import sys

import pytest

from places import PATIENCE_S

PROGRAM = """
import hashlib, sys
import jax
jax.config.update("jax_enable_x64", True)
from jaxtri import open_scan, write_scan
from jaxtri.durable.storage import tiling as plan
plan.CHUNK = (5, 7)
plan.SMALLEST_CELLS, plan.SMALLEST_BYTES = 70, 1
spec = {
    "title": "devices", "model": "b_minus_l", "treatments": ["matched"], "searches": {"set": "printed"},
    "curves": False,
    "axes": {"m_X": {"min": 1e-3, "max": 90, "points": 30, "spacing": "log"},
             "g_X": {"min": 1e-8, "max": 1, "points": 14, "spacing": "log"}},
}
used = set()
original = jax.default_device
def noting(device):
    used.add(device.id)
    return original(device)
jax.default_device = noting
(path,) = write_scan(spec, sys.argv[1], force=True)
scan = open_scan(path)
digest = hashlib.sha256(b"".join(scan[name].tobytes() for name in scan.header.arrays)).hexdigest()
print(len(jax.local_devices()), sorted(used), digest)
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What a scan says on one and on three devices: how many there are, which were used, a digest."""
    folder = tmp_path_factory.mktemp("devices")
    found = {}
    for count in (1, 3):
        flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
        command = [sys.executable, "-c", PROGRAM, folder / f"on_{count}.h5"]
        done = subprocess.run(
            command,
            env=os.environ | {"XLA_FLAGS": flags},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        found[count] = done.stdout.split()
    return found


@pytest.mark.long
def test_every_device_gets_tiles(answers):
    assert answers[1][:-1] == ["1", "[0]"]
    assert answers[3][:-1] == ["3", "[0,", "1,", "2]"]


@pytest.mark.long
def test_the_numbers_are_the_same(answers):
    assert answers[1][-1] == answers[3][-1]
    assert len(answers[1][-1]) == 64
