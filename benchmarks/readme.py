"""Write the measured tables and pictures: ``python benchmarks/readme.py``.

The comparison goes into the README, and a test computes it again; times go into benchmarks/README.md, as
measured on the machine that runs this.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "scans" / "figure_3.toml"


def block(text, name, content):
    """Replace what stands between two marks."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(start)
    return head + start + content.strip() + "\n" + end + rest.split(end)[1]


def timed_run():
    """Seconds of `jaxtri run` with nothing compiled before, and again with the compilation cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"XDG_CACHE_HOME": folder}
        times = []
        for _ in range(2):
            start = time.perf_counter()
            command = [sys.executable, "-m", "jaxtri", "run", str(SPEC), "--force", "--quiet"]
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        for suffix in ("pdf", "png"):
            (ROOT / "scans" / f"figure_3.{suffix}").write_bytes(
                (Path(folder) / f"figure_3.{suffix}").read_bytes()
            )
    return times


def triangle_tables(folder):
    """Tables of the triangle integral, measured by a process of its own on one core."""
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_triangle.py")]
    command += ["--pysecdec", folder] if folder else []
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def printed(benchmark):
    """What a benchmark prints."""
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        benchmark()
    return captured.getvalue()


def write(path, tables):
    """Replace tables between their marks in a file."""
    text = path.read_text()
    for name, content in tables.items():
        text = block(text, name, content)
    path.write_text(text)


def main():
    """Measure, then write."""
    import bench_boundary
    import bench_grid
    import bench_recast
    import bench_scan
    import bench_start
    import triangle_convergence
    from jaxtri import scan
    from jaxtri.figures import comparison

    parser = argparse.ArgumentParser(description="Write the measured tables and pictures.")
    parser.add_argument("--pysecdec", metavar="FOLDER", help="measure pySecDec too, built there")
    folder = parser.parse_args().pysecdec
    triangle = triangle_tables(folder)
    triangle_convergence.draw()
    grid = printed(bench_grid.main)
    cold, again = timed_run()
    run = (
        f"\n`jaxtri run scans/figure_3.toml`, everything included: {cold:.1f} s the first time, "
        f"{again:.1f} s again (compiled kernels are kept); {os.cpu_count()} cores."
    )
    write(ROOT / "README.md", {"compare": comparison.compare(scan(SPEC))})
    measured = {
        "triangle": triangle,
        "speed": grid + run,
        "boundaries": printed(bench_boundary.main),
        "scans": printed(bench_scan.main),
        "recast": printed(bench_recast.main),
        "start": printed(bench_start.main),
    }
    write(ROOT / "benchmarks" / "README.md", measured)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
