"""Where tests find what lies beside them."""

import sys
from pathlib import Path

HELPERS = Path(__file__).parent
ROOT = HELPERS.parents[1]
REFERENCE = ROOT / "tests" / "reference"
SCANS = ROOT / "scans"
PROGRAM = Path(sys.executable).with_name("jaxtri")
PATIENCE_S = 1200  # for a process that hangs; on a loaded machine others take minutes
