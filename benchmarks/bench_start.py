"""How long a command takes to begin: against a bare ``import jax`` with one jitted addition, median of 5.

Run it as a script for a table.  "Cold" begins with an empty folder of kernels, "kept" with what an earlier
run of the same command has left there.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax

import jaxtri

REPEATS, COLD_REPEATS = 5, 2
ROOT = Path(__file__).parent.parent
PROGRAM = Path(sys.executable).with_name("jaxtri")
FIGURE_3 = str(ROOT / "scans" / "figure_3.toml")
BARE = [sys.executable, "-c", "import jax; jax.jit(lambda x: x + 1)(1.0).block_until_ready()"]
COMMANDS = {
    "`--help`": ["--help"],
    "`models`": ["models"],
    "`treatments`": ["treatments"],
    "`searches`": ["searches", "--set", "printed"],
    "`info`": ["info", "figure_3_matched.h5"],
    "`cite`": ["cite", "figure_3_matched.h5"],
    "`compare`, one file": ["compare", "figure_3_matched.h5"],
    "`point`": ["point", FIGURE_3, "--m-X", "0.05", "--g-X", "1e-6"],
    "`limit`": ["limit", FIGURE_3, "--m-X", "0.05"],
    "`run`, Figure 3": ["run", FIGURE_3, "--force", "--quiet"],
}
COLD = ("`point`", "`run`, Figure 3")


def seconds(command, folder, cache):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")
    }
    start = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment | {"XDG_CACHE_HOME": str(cache)}, check=True, capture_output=True
    )
    return time.perf_counter() - start


def main():
    print(f"jaxtri {jaxtri.__version__}, jax {jax.__version__}, {jax.devices()[0].device_kind}\n")
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place), Path(place) / "cache"
        seconds([PROGRAM, *COMMANDS["`run`, Figure 3"]], folder, cache)  # what the others read and use
        bare = statistics.median(seconds(BARE, folder, cache) for _ in range(REPEATS))
        print(f"bare `import jax` with one jitted addition: {bare:.2f} s\n")
        print("| command | kept [s] | over bare | cold [s] | over bare |\n|---|---|---|---|---|")
        for name, arguments in COMMANDS.items():
            command = [PROGRAM, *arguments]
            seconds(command, folder, cache)
            kept = statistics.median(seconds(command, folder, cache) for _ in range(REPEATS))
            cold = ["", ""]
            if name in COLD:
                times = [
                    seconds(command, folder, folder / f"{name}{i}".strip("`")) for i in range(COLD_REPEATS)
                ]
                cold = [f"{statistics.median(times):.2f}", f"{statistics.median(times) / bare:.1f}"]
            print(f"| {name} | {kept:.2f} | {kept / bare:.1f} | {' | '.join(cold)} |", flush=True)


if __name__ == "__main__":
    main()
