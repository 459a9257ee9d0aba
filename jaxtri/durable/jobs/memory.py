"""How much memory a scan may take, and how many tiles at a time fit into it."""

import re

from jaxtri.durable.storage.tiling import Plan
from jaxtri.errors import InputError

BASE = 600 << 20  # bytes of the process itself: libraries, compiled kernels, axes
COLUMN = 8 << 10  # bytes of a column while its rates are computed
UNITS = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
COPIES = 3  # of a chunk: arrays, what is being packed, what HDF5 holds


def parse(text: str | int) -> int:
    """Turn "1GiB", "800 MB" or a number of bytes into bytes.

    Raises
    ------
    InputError
        If it is anything else.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(text).strip())
    if match is None or match[2] not in UNITS:
        raise InputError(f"memory {text}: give a number and one of {', '.join(filter(None, UNITS))}")
    return int(float(match[1]) * UNITS[match[2]])


def workers_within(memory: int, plans: list[Plan], cores: int) -> int:
    """Return how many tiles may be worked on at a time: at most one more than cores.

    While one waits for a disk or a device, another computes.

    Raises
    ------
    InputError
        If not even one fits.
    """
    each = max(_of_tile(plan) for plan in plans)
    fitting = (memory - BASE) // each
    if fitting < 1:
        raise InputError(
            f"memory {memory / (1 << 20):.4g} MiB: this scan needs at least {(BASE + each) >> 20} MiB"
        )
    return int(min(fitting, cores + 1))


def _of_tile(plan: Plan) -> int:
    """Bytes that a tile in work takes."""
    cells = columns = 1
    for size in plan.chunk:
        cells *= size
    for size in plan.tile[:-1]:
        columns *= size
    return COPIES * plan.bytes_of(cells) + COLUMN * columns
