"""Scans of any size: cells a second, bytes a second, memory, linearity, processes; as ratios of one run.

``python benchmarks/bench_scan.py`` prints tables of benchmarks/README.md and draws ``scan_time.*`` there;
pytest runs the small parts once.  Yardsticks: a kernel written by hand for the same arrays, and h5py
writing the same bytes.
"""

import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import jax
import jax.numpy as jnp
import numpy as np

import drawing
from jaxtri import load_spec, write_scan
from jaxtri.durable.storage.atomic_files import sync
from jaxtri.figures import sheet
from jaxtri.scans.arrays import USUAL
from jaxtri.scans.grid import cast, rates_at_masses
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.tiles import compute_tile
from timing import best_of

LN10 = float(np.log(10.0))
SOUND = 1e-4  # dex: float32 cells against the hand-written kernel; both keep 7 digits of up to 60
CORES = (
    sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
)
FIGURE = {  # Figure 3's searches, one treatment
    "title": "benchmark",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "printed"},
}
STORED = list(USUAL)
FILTERS = {
    "none": {"fletcher32": True},
    "gzip": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
}
TURNS = 5  # the least time of each counts
CHEAP = ("excluded", "leading", "status")


def scan_of(masses, couplings, arrays="all", **options):
    axes = {
        "m_X": {"min": 1e-3, "max": 90.0, "points": masses, "spacing": "log"},
        "g_X": {"min": 1e-9, "max": 1.0, "points": couplings, "spacing": "log"},
    }
    return FIGURE | {"arrays": arrays, "axes": axes, "curves": False} | options


def as_toml(scan):
    """The scan as a file for the command; JSON's lists, texts and booleans are TOML's."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in scan.items() if not isinstance(value, dict)]
    axes = {f"axes.{name}": axis for name, axis in scan["axes"].items()}
    for name, table in ({"searches": scan["searches"]} | axes).items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines)


@functools.partial(jax.jit, donate_argnames="buffers", keep_unused=True)
def by_hand(rows, log_g, buffers):
    """The arrays of a block as one would write them: every search at once, reductions after that."""
    s = jax.tree.map(lambda x: x.T[:, :, None], rows.searches)
    twice = 2 * log_g
    x = s.flight * jnp.exp(twice)
    unseen = jnp.log(s.neutrinos + (1 - s.neutrinos) * jnp.exp(-x))
    seen = jnp.log(-jnp.expm1(-x))
    signal = s.log_norm + twice + jnp.where(s.is_invisible, unseen, seen)
    inside = jnp.minimum(s.log_above - twice, s.log_below + twice)
    ratio = jnp.where(s.is_valid, jnp.minimum(signal, inside), -jnp.inf) / LN10
    best, leading = jnp.max(ratio, axis=0), jnp.argmax(ratio, axis=0).astype(jnp.uint8)
    width = rows.width[:, None] * jnp.exp(twice)
    found = {
        "log10_ratio": ratio,
        "log10_br": (rows.log_br.T[:, :, None] + twice) / LN10,
        "width": width,
        "lifetime": rows.lifetime[:, None] * jnp.exp(-twice),
        "excluded": (best > 0).astype(jnp.uint8),
        "leading": leading,
        "status": jnp.where(width < rows.mass[:, None], 1, 2).astype(jnp.uint8),
    }
    return {name: found[name] for name in buffers}


def hand_rate(spec, names, masses):
    """Cells a second of the kernel by hand on blocks of so many masses, and its ratios."""
    one = spec.treatments[0]
    found = rates_at_masses(spec.sm, spec.model, one, spec.searches, spec.m_X[:masses])
    rows = cast(found.points, 1, dtype="float32")
    log_g = jnp.log(spec.g_X).astype(jnp.float32)
    shape = (masses, len(log_g))
    labels = {"log10_ratio": (len(spec.searches.labels),), "log10_br": (found.points.log_br.shape[-1],)}
    dtype = {"excluded": "uint8", "leading": "uint8", "status": "uint8"}
    buffers = {n: jnp.zeros((*labels.get(n, ()), *shape), dtype.get(n, "float32")) for n in names}
    state = {"buffers": by_hand(rows, log_g, buffers)}

    def once():
        state["buffers"] = by_hand(rows, log_g, state["buffers"])
        return state["buffers"]

    return masses * len(log_g) / best_of(once), np.asarray(state["buffers"].get("log10_ratio", 0))


class Nothing:
    """A job whose tiles are computed, and thrown away."""

    def __init__(self, spec):
        self.spec, self.plan = spec, plan_of(header(spec, spec.treatments[0]))

    def run(self, workers):
        """Compute all tiles in threads; return cells a second."""
        from concurrent.futures import ThreadPoolExecutor

        spare = []

        def one(tile):
            _, blocks = compute_tile(self.spec, self.spec.treatments[0], self.plan, tile, spare=spare)
            for _ in blocks:
                pass

        one(0)
        with ThreadPoolExecutor(workers) as pool:
            return self.plan.cells / best_of(lambda: list(pool.map(one, range(self.plan.count))), 3)


def plain_write(path, plan, arrays, filters):
    """Write the arrays of a scan with h5py; they are on disk at the end."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            chunk = plan.array_chunk(name)
            options = {**filters, "chunks": chunk} if chunk and filters else {}
            file.create_dataset(name, data=values, **options)
    sync(path)


def seconds_of_new(path, write):
    """Least time of several in a row to write a file; freeing the one before is not counted.

    In a row, since the pages that another way of writing leaves behind make a difference of up to four.
    """
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        write(path)
        times.append(time.perf_counter() - start)
        path.unlink()
        os.sync()
    return min(times)


def end_to_end(folder, compression, points=2000):
    """Bytes a second: of a whole scan, of h5py with the same chunks and filters, of h5py bare."""
    scan = scan_of(points, points, STORED, compression=compression)
    spec = load_spec(scan)
    plan = plan_of(header(spec, spec.treatments[0]))
    path = folder / "scan.h5"
    write_scan(scan, path)
    with h5py.File(path) as file:
        arrays = {name: file[name][...] for name in plan.arrays}
    path.unlink()
    plain = functools.partial(plain_write, plan=plan, arrays=arrays)
    same, bare = functools.partial(plain, filters=FILTERS[compression]), functools.partial(plain, filters={})
    size = sum(values.nbytes for values in arrays.values())
    return [size / seconds_of_new(path, write) for write in (functools.partial(write_scan, scan), same, bare)]


PINNED = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"


def command(folder, scan, *options, core=None):
    """Start the installed command on a scan, on one core if it is given."""
    path = folder / "scan.toml"
    path.write_text(as_toml(scan))
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    line = [str(Path(sys.executable).with_name("jaxtri")), "scan", str(path), "--quiet", "--force", *options]
    pinned = [] if core is None else [sys.executable, "-c", PINNED, str(core)]
    return subprocess.Popen([*pinned, *line], cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def timed(*processes):
    """Seconds until all have ended, and the most memory that any of them had at a time [bytes]."""
    start, peak = time.perf_counter(), 0
    while any(process.poll() is None for process in processes):
        peak = max(peak, *map(largest_memory, processes))
        time.sleep(0.05)
    assert all(process.returncode == 0 for process in processes)
    return time.perf_counter() - start, peak


def largest_memory(process):
    """Largest resident memory of a process so far [bytes]; 0 once it has ended."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return 1024 * int(found[1]) if found else 0


def bench_cells(benchmark):
    """Against the kernel by hand: speed, and the same ratios."""
    spec = load_spec(scan_of(250, 500, STORED))
    job = Nothing(spec)
    benchmark.pedantic(lambda: job.run(len(CORES)), rounds=1)
    _, blocks = compute_tile(spec, spec.treatments[0], job.plan, 0)
    where, block = next(blocks)
    hand, ratios = hand_rate(spec, STORED[-7:], 125)
    mine = block["log10_ratio"][:, :125, : where[-1][1]]
    truth = ratios[:, : mine.shape[1], : mine.shape[2]]
    near = np.isfinite(truth) & (np.abs(truth) < 3)
    error = float(np.max(np.abs(mine[near] - truth[near])))
    benchmark.extra_info |= {"hand": hand, "error_dex": error, "device": jax.devices()[0].device_kind}
    assert 0 < error < SOUND


def bench_end_to_end(benchmark, tmp_path):
    ours, same, plain = benchmark.pedantic(lambda: end_to_end(tmp_path, "none", 300), rounds=1)
    ratios = {"over_same": ours / same, "over_plain": ours / plain}
    benchmark.extra_info |= ratios | {"device": jax.devices()[0].device_kind}


def cells_table():
    """Rows of cells a second."""
    print("| cells, float32, no file | Mcell/s | cell arrays/s | by hand | ratio |\n|---|---|---|---|---|")
    kinds = {"all arrays": (STORED, STORED[-7:], 41), "reductions": (list(CHEAP), list(CHEAP), 27)}
    for label, (arrays, names, count) in kinds.items():
        spec = load_spec(scan_of(4000, 4000, arrays))
        ours = Nothing(spec).run(len(CORES)) / 1e6
        hand = max(hand_rate(spec, names, masses)[0] for masses in (25, 125, 500)) / 1e6
        print(f"| {label} | {ours:.1f} | {count * ours:.0f} M | {hand:.1f} | {ours / hand:.2f} |")


def file_table(folder, points):
    """Rows of bytes a second."""
    head = f"end to end, {points}² cells, all arrays"
    print(f"\n| {head} | MB/s | h5py alone, same chunks and filters | ratio | h5py alone, bare | ratio |")
    print("|---|---|---|---|---|---|")
    for compression in ("none", "gzip"):
        ours, same, bare = end_to_end(folder, compression, points)
        row = (
            f"{ours / 1e6:.0f} | {same / 1e6:.0f} | {ours / same:.2f} | {bare / 1e6:.0f} | {ours / bare:.2f}"
        )
        print(f"| {compression} | {row} |")


def size_table(folder, powers, stored):
    """Rows of time and memory; returns cells and seconds."""
    print("\n| `jaxtri scan`, 1 GiB allowed | cells | s | largest resident memory |\n|---|---|---|---|")
    times = []
    timed(command(folder, scan_of(100, 100, list(CHEAP))))
    for power in powers:
        points = round(10 ** (power / 2))
        seconds, peak = timed(command(folder, scan_of(points, points, list(CHEAP))))
        times.append((points**2, seconds))
        print(f"| reductions | 10^{power} | {seconds:.1f} | {peak / 2**30:.2f} GiB |")
    seconds, peak = timed(command(folder, scan_of(stored, stored, STORED)))
    size = (folder / "scan_matched.h5").stat().st_size / 1e9
    print(f"| all arrays, {size:.1f} GB | {stored**2:.2g} | {seconds:.1f} | {peak / 2**30:.2f} GiB |")
    return times


def two_processes(folder, points):
    """Time of one process on one core over that of two on two."""
    scan = scan_of(points, points, list(CHEAP))
    for _ in range(2):  # the first run leaves the compiled kernels
        alone, _ = timed(command(folder, scan, "--shard", "1/1", core=CORES[0]))
        shutil.rmtree(folder / "scan_matched.h5.parts")
    both, _ = timed(*(command(folder, scan, "--shard", f"{i}/2", core=CORES[i - 1]) for i in (1, 2)))
    ratio = alone / both
    print(f"\n{points}² cells, reductions: one core {alone:.1f} s, two processes {both:.1f} s: {ratio:.2f}x")


def main(*, quick=False):
    """Print the tables of benchmarks/README.md, draw the picture."""
    device = f"{jax.devices()[0].device_kind}, {len(CORES)} cores"
    print(f"Searches of scans/figure_3.toml, one treatment, {device}\n")
    cells_table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file_table(folder, 500 if quick else 3000)
        times = size_table(folder, (5, 6, 7) if quick else (5, 6, 7, 8, 9), 1000 if quick else 14_200)
        two_processes(folder, 3000 if quick else 20_000)
    drawn = drawing.draw_times(times, title="Time of a scan, reductions only")
    sheet.save(drawn, Path(__file__).with_name("scan_time"))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="up to 1e7 cells only")
    main(quick=parser.parse_args().quick)
