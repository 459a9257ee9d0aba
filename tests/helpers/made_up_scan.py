"""A scan of random numbers, made and written without computing anything.

As a script, ``made_up_scan.py PATH BYTES`` writes one where a file may have so many bytes only.
"""

import resource
import signal
import sys
from functools import partial
from pathlib import Path

import numpy as np

from jaxtri.durable.storage.hdf5_writer import new_output
from jaxtri.durable.storage.tile_files import write_tile
from jaxtri.durable.storage.tiling import inside, make_plan
from jaxtri.errors import JaxtriError
from jaxtri.io.hdf5_layout import write_head, write_tail
from jaxtri.model.fermions import FERMIONS
from jaxtri.scans.arrays import ARRAYS, CELL_ARRAYS, LABELS, USUAL, array_plans, dims_of, dtype_of
from jaxtri.scans.record import Header

SEARCH = {
    "title": "made up", "experiment": "none", "channel": "K+ -> pi+ X", "final_state": "e+ e-",
    "confidence": None, "tau_window_s": [], "reference": "none", "bibtex": "@misc{none}",
}  # fmt: skip
ANOMALIES = {"SU(2)^2 U(1)_X": 0.0, "U(1)_Y^2 U(1)_X": 0.0, "gravity^2 U(1)_X": 0.0, "U(1)_X^3": 0.0}
FURTHER = {"m_t": [170.0, 172.0, 175.0], "draw": [0.0, 1.0]}  # what a scan may have besides m_X and g_X


def made_up_configuration(axes, precision="float32"):
    """Return the configuration of a scan with these axes."""
    said = {
        name: {"min": float(values[0]), "max": float(values[-1]), "points": len(values)}
        for name, values in axes.items()
    }
    further = {k: v | {"sets": [k], "joint": False} for k, v in said.items() if k not in ("m_X", "g_X")}
    return {
        "precision": precision,
        "model": {
            "name": "none", "charges": dict.fromkeys(FERMIONS, 1 / 3), "anomalies": ANOMALIES,
            "previous_limits": None,
        },
        "treatment": {"name": "made_up", "decoupling": "paper", "emission": "none"},
        "searches": {"set": "none"},
        "axes": {name: said[name] for name in ("m_X", "g_X")},
        "further_axes": further,
    }  # fmt: skip


def made_up_header(masses, couplings, precision="float32", further=(), arrays=USUAL):
    """Return a header with as many masses and couplings, one search with a note that is not ASCII."""
    axes = {name: np.array(FURTHER[name]) for name in further}
    sizes = {"m_X": np.geomspace(1e-3, 90, masses), "g_X": np.geomspace(1e-9, 1, couplings)}
    return Header(
        title="random — zufällig",
        treatment="made_up",
        scan_file='title = "random"\n',
        configuration=made_up_configuration(axes | sizes, precision),
        fingerprint="0" * 64,
        searches=(
            SEARCH | {"name": "first", "note": "μ ≠ e"},
            SEARCH | {"name": "second", "confidence": 0.9, "limit": 6e-11},
        ),
        inputs={"m_t": {"value": 172.6, "unit": "GeV"}, "lump_mass": {"value": [1.709, 1.66]}},
        versions={"jaxtri": "0"},
        axes=axes
        | sizes
        | {
            "search": ("first", "second"),
            "channel": ("Z -> gamma X", "KL -> pi0 X", "B -> K* X"),
            "final_state": ("e+ e-", "hadrons"),
            "range_end": ("lowest", "highest"),
        },
        arrays=arrays,
        parameters={name: {name: axes[name]} for name in further},
        units=dict.fromkeys(further, "GeV"),
    )


def made_up_plan(header, compression="gzip"):
    """Return how the header's arrays are cut."""
    sizes = {name: len(values) for name, values in header.axes.items() if name not in LABELS}
    every = {name: len(values) for name, values in header.axes.items()}
    arrays = array_plans(header.arrays, every, header.configuration["precision"])
    return make_plan(sizes, arrays, compression=compression, key="k")


def made_up_arrays(header, seed=0):
    """Return every array that the header calls for; logarithms hold -inf, one width is NaN."""
    random = np.random.default_rng(seed)
    arrays = {}
    for name in header.arrays:
        shape = [len(header.axes[dim]) for dim in dims_of(name, header.axes)]
        dtype = dtype_of(name, header.configuration["precision"])
        whole = dtype.kind == "u"
        values = random.integers(0, 256, shape) if whole else random.normal(size=shape)
        arrays[name] = values.astype(dtype)
    if "log10_ratio" in arrays:
        arrays["log10_ratio"][0, ..., -1, :] = -np.inf
        arrays["width"][..., 0, 0] = np.nan
    return arrays


def in_blocks(plan, arrays, tile):
    """Yield the arrays of a tile a chunk at a time, as a scan does."""
    for where in plan.chunks(plan.box(tile)):
        yield where, {name: arrays[name][inside(where)] for name in arrays if name in CELL_ARRAYS}


def columns_of(plan, arrays, tile):
    """Return what the columns of a tile have."""
    box = plan.box(tile)[:-1]
    return {name: arrays[name][inside(box)] for name in arrays if "g_X" not in ARRAYS[name].dims}


def write_made_up(
    path, masses=300, couplings=620, precision="float32", *, blocks=in_blocks, force=False,
    compression="gzip", report=lambda cells, size: None, curves=lambda: None, **options,
):  # fmt: skip
    """Write a made-up scan; return its header and arrays."""
    header = made_up_header(masses, couplings, precision, **options)
    arrays, plan = made_up_arrays(header), made_up_plan(header, compression)
    folder = path.with_name(f"{path.name}.parts")
    folder.mkdir(exist_ok=True)
    try:
        head, tail = partial(write_head, header=header), partial(write_tail, header=header, curves=curves)
        with new_output(path, plan, head, tail, header.versions, replace=force) as output:
            for tile in range(plan.count):
                found = columns_of(plan, arrays, tile)
                write_tile(folder, plan, tile, found, blocks(plan, arrays, tile), report=report)
                output.take(folder, [tile])
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return header, arrays


def main(path, limit):
    """Write under a limit."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        write_made_up(path, force=True)
    except JaxtriError as error:
        print(f"jaxtri: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
