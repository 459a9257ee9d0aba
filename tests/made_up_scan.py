"""A scan of random numbers, made and written without computing anything.

As a script, ``made_up_scan.py PATH BYTES`` writes one where a file may have so many bytes only, and
``made_up_scan.py PATH kill`` is killed (SIGKILL) once the first block is on disk.
"""

import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np

from jaxtri.errors import JaxtriError
from jaxtri.fields import BLOCK, CELL_FIELDS, FIELDS, MASS_FIELDS, Header
from jaxtri.store import write_scan


def made_up_header(masses, couplings, precision="float32"):
    """Return a header with as many masses and couplings, one search with a note that is not ASCII."""
    return Header(
        title="random — zufällig",
        treatment="made_up",
        scan_file='title = "random"\n',
        configuration={"precision": precision, "model": {"name": "none", "charges": {"t": 1 / 3}}},
        fingerprint="0" * 64,
        searches=({"name": "first", "note": "μ ≠ e", "confidence": None}, {"name": "second", "limit": 6e-11}),
        inputs={"m_t": {"value": 172.6, "unit": "GeV"}, "lump_mass": {"value": [1.709, 1.66]}},
        versions={"jaxtri": "0"},
        axes={
            "m_X": np.geomspace(1e-3, 90, masses),
            "g_X": np.geomspace(1e-9, 1, couplings),
            "search": ("first", "second"),
            "channel": ("Z -> gamma X", "KL -> pi0 X", "B -> K* X"),
            "final_state": ("e+ e-", "hadrons"),
        },
    )


def made_up_arrays(header, seed=0):
    """Return every array that the header calls for; logarithms hold -inf, one width is NaN."""
    random = np.random.default_rng(seed)
    arrays = {}
    for name, info in FIELDS.items():
        shape = [len(header.axes[dim]) for dim in info.dims]
        dtype = np.dtype(info.dtype or header.configuration["precision"])
        whole = dtype.kind == "u"
        values = random.integers(0, 256, shape) if whole else random.normal(size=shape)
        arrays[name] = values.astype(dtype)
    arrays["log10_ratio"][0, -1, :] = -np.inf
    arrays["width"][0, 0] = np.nan
    return arrays


def in_blocks(arrays, masses):
    """Yield the arrays a block of masses at a time, as a scan does."""
    for start in range(0, masses, BLOCK):
        where = slice(start, min(start + BLOCK, masses))
        yield where, {name: arrays[name][..., where, :] for name in CELL_FIELDS}


def write_made_up(path, masses=300, couplings=620, precision="float32", blocks=in_blocks, **options):
    """Write a made-up scan; return its header and arrays."""
    header = made_up_header(masses, couplings, precision)
    arrays = made_up_arrays(header)
    mass_fields = {name: arrays[name] for name in MASS_FIELDS}
    write_scan(path, header, mass_fields, blocks(arrays, masses), **options)
    return header, arrays


def _then_die(arrays, masses):
    blocks = in_blocks(arrays, masses)
    yield next(blocks)
    os.kill(os.getpid(), signal.SIGKILL)
    yield from blocks


def main(path, limit):
    """Write under a limit, or be killed."""
    if limit == "kill":
        write_made_up(path, blocks=_then_die)
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
