"""How long a command takes to begin: against a bare ``import jax`` with one jitted addition, median of 5.

Run it as a script for a table.  "Cold" begins with an empty folder of kernels, "kept" with what an earlier
run of the same command has left there.  Both take turns with the bare import; processor time, which other
work on the machine moves least, comes first.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import jax

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


class Taken(NamedTuple):
    """What a process took [s]."""

    processor: float  # user and system, all threads
    elapsed: float


def taken(command, folder, cache):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")
    } | {"XDG_CACHE_HOME": str(cache)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, elapsed)


def beside_bare(command, folder, caches):
    """A command with each cache, and a bare import before each: processor [s], its ratio, that of elapsed."""
    pairs = [(taken(BARE, folder, cache), taken(command, folder, cache)) for cache in caches]
    bare, own = (Taken(*map(statistics.median, zip(*some, strict=True))) for some in zip(*pairs, strict=True))
    return f"{own.processor:.2f} | {own.processor / bare.processor:.1f} | {own.elapsed / bare.elapsed:.1f}"


def main():
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place), Path(place) / "cache"
        taken([PROGRAM, *COMMANDS["`run`, Figure 3"]], folder, cache)  # what the others read and use
        bare = [taken(BARE, folder, cache) for _ in range(REPEATS)]
        print(
            f"jax {jax.__version__}, {jax.devices()[0].device_kind}, {cores} cores; a bare `import jax` with "
            f"one jitted addition: {statistics.median(one.processor for one in bare):.2f} s of processor "
            f"time, {statistics.median(one.elapsed for one in bare):.2f} s elapsed\n"
        )
        print("| command | kept [s] | over bare | elapsed | cold [s] | over bare | elapsed |")
        print("|---|---|---|---|---|---|---|")
        for name, arguments in COMMANDS.items():
            command = [PROGRAM, *arguments]
            taken(command, folder, cache)
            kept = beside_bare(command, folder, [cache] * REPEATS)
            empty = [folder / f"{name}{i}".strip("`") for i in range(COLD_REPEATS)]
            cold = beside_bare(command, folder, empty) if name in COLD else "| |"
            print(f"| {name} | {kept} | {cold} |", flush=True)


if __name__ == "__main__":
    main()
