"""Compiled kernels are kept below the user's cache folder, and nothing is needed there before.

Oracle: what lies in a folder that was empty.
"""

import subprocess

from kernels import FOLDER, alone
from places import PATIENCE_S, PROGRAM, SCANS


def test_a_command_begins_with_an_empty_cache_and_fills_it(tmp_path):
    strict = {"JAX_NUMPY_DTYPE_PROMOTION": "strict"}  # which our formulas do not follow
    environment = alone(tmp_path) | strict
    assert FOLDER not in environment
    command = [PROGRAM, "limit", SCANS / "figure_3.toml", "--m-X", "0.05", "--treatment", "figure"]
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = (tmp_path / "jaxtri").iterdir()
    assert folder.stat().st_mode & 0o077 == 0  # private
    assert list(folder.iterdir())
