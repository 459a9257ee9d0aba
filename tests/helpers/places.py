"""Where tests find what lies beside them, and how they start it."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

HELPERS = Path(__file__).parent
ROOT = HELPERS.parents[1]
REFERENCE = ROOT / "tests" / "reference"
SCANS = ROOT / "scans"
PROGRAM = Path(sys.executable).with_name("jaxtri")
PATIENCE_S = 1200  # for a process that hangs; on a loaded machine others take minutes
AS_IN_A_TERMINAL = (  # python -c of a command: a job in the background inherits that SIGINT is ignored
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@contextmanager
def begun(command, **options):
    """A process that is gone at the end, also where a test fails while it hangs."""
    with subprocess.Popen(list(map(str, command)), text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()
