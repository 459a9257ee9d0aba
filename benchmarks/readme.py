"""Write the computed and the measured tables: ``python benchmarks/readme.py``.

What is computed goes into the README and into scans/README.md, and tests compute it again (``--computed``
stops there); times go into benchmarks/README.md, as measured on the machine that runs this.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import jax

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "scans" / "figure_3.toml"
TODAY = ROOT / "scans" / "figure_3_2026.toml"
THIRD = ROOT / "scans" / "figure_4_2026.toml"
SHEET = "searches_2026.png"
RECAST = {0.002: 1.4e-6, 0.2: 1.0e-4, 0.3: 9e-5, 2.0: 6.6e-4}  # m_X [GeV]: lowest g_X, not by jaxtri


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


def plane(path, **changes):
    """The curves of a scan file, and no grid."""
    import jaxtri

    table = tomllib.loads(path.read_text())
    axes = {name: {"values": [axis["min"], axis["max"]]} for name, axis in table["axes"].items()}
    return jaxtri.scan(table | {"axes": axes} | changes)


def changes(today):
    """What the limits of 2026 change in Figure 3, beside the limits of the paper and of the experiments."""
    from jaxtri.figures import comparison
    from jaxtri.scans.grey import with_grey

    before = plane(SPEC, treatments=["figure", "matched"])
    corrected = plane(SPEC, treatments=["matched"], searches={"set": "corrected"})
    columns = {f"printed, {name}": one for name, one in before.items()}
    columns |= {f"corrected, {name}": one for name, one in corrected.items()}
    columns |= {f"2026, {name}": today[name] for name in ("figure", "matched")}
    columns["2026, matched, grey computed"] = with_grey(today["matched"], "computed")
    said = "; ".join(f"{name} {islands(today[name])}" for name in ("matched", "figure"))
    return f"{comparison.compare(columns)}\n\nIslands of limit curves in 2026, which close: {said}."


def islands(scan):
    """Every curve of a scan that closes."""
    found = []
    for one in scan.boundaries.curves:
        (low, high), (bottom, top) = ((x.min(), x.max()) for x in (one.m_X, one.g_X))
        if one.closed:
            found.append(f"{one.search} m_X {low:.3g}–{high:.3g}, g_X {bottom:.2g}–{top:.2g}")
    return ", ".join(found) or "none"


def third_generation_spec():
    """U(1)_{B3-L2} of Figure 4, with all searches of 2026."""
    table = tomllib.loads(THIRD.read_text())
    return {key: table[key] for key in ("title", "model")} | {
        "treatments": ["matched"],
        "searches": {"set": "2026"},
        "axes": {"m_X": {"values": [1e-3, 5.0]}, "g_X": {"values": [1e-8, 1.0]}},
    }


def third_generation():
    """U(1)_{B3-L2} with the limits of 2026: what leads at four masses, and where experiments lead."""
    import jaxtri
    from jaxtri.figures.reach import ranges_text, reaches

    spec = third_generation_spec()
    lines = ["| m_X [GeV] | leads | excludes g_X from | independent recast |", "|---|---|---|---|"]
    for m_X, recast in RECAST.items():
        found = jaxtri.excluded_couplings(spec, m_X)["matched"]
        lowest = {name: one[0][0] for name, one in found.items() if one}
        leader = min(lowest, key=lowest.__getitem__)
        lines.append(f"| {m_X:g} | {leader} | {lowest[leader]:.3g} | {recast:.2g} |")
    scan = jaxtri.scan(spec)["matched"]
    experiments = {one["name"]: one["experiment"] for one in scan.header.searches}
    leads = [one for one in reaches(scan, by=experiments) if one.leads]
    said = "; ".join(f"{one.search} {ranges_text(one.leads)}" for one in leads)
    return "\n".join([*lines, "", f"Masses [GeV] at which experiments lead: {said}."])


def figure_3():
    """What Figure 3 adds to earlier limits, under three treatments."""
    from jaxtri.figures import comparison

    return {"compare": comparison.compare(plane(SPEC))}


def of_2026():
    """What the limits of 2026 say: each search, what they change, and another model."""
    from jaxtri.figures.reach import reach_table

    today = plane(TODAY)
    return {
        "reach": reach_table(today["matched"]),
        "changes": changes(today),
        "third": third_generation(),
    }


def draw_searches():
    """Draw the contact sheet of the searches of 2026."""
    from jaxtri.__main__ import main as command

    with tempfile.TemporaryDirectory() as folder:
        assert command(["validate", "--set", "2026", "-o", folder]) == 0
        (ROOT / "scans" / SHEET).write_bytes((Path(folder) / SHEET).read_bytes())


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
    import triangle_convergence

    parser = argparse.ArgumentParser(description="Write the computed and the measured tables, and pictures.")
    parser.add_argument("--pysecdec", metavar="FOLDER", help="measure pySecDec too, built there")
    parser.add_argument("--computed", action="store_true", help="only what is computed, nothing measured")
    arguments = parser.parse_args()
    write(ROOT / "README.md", figure_3())
    write(ROOT / "scans" / "README.md", of_2026())
    draw_searches()
    if arguments.computed:
        return
    folder = arguments.pysecdec
    triangle = triangle_tables(folder)
    triangle_convergence.draw()
    grid = printed(bench_grid.main)
    cold, again = timed_run()
    run = (
        f"\n`jaxtri run scans/figure_3.toml`, everything included: {cold:.1f} s the first time, "
        f"{again:.1f} s again (compiled kernels are kept); {os.cpu_count()} cores."
    )
    measured = {
        "triangle": triangle,
        "speed": grid + run,
        "boundaries": printed(bench_boundary.main),
        "scans": printed(bench_scan.main),
        "recast": printed(bench_recast.main),
    }
    write(ROOT / "benchmarks" / "README.md", measured)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
