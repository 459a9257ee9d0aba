"""How far a scan is, seen from outside: a look at its folder, which checks and changes nothing."""

import time
from pathlib import Path
from typing import NamedTuple

from jaxtri.durable.jobs.job import PLAN, read_plan
from jaxtri.durable.storage.tile_files import tile_path
from jaxtri.errors import InputError

RECENT = 32  # tile files whose times give the rate


class Seen(NamedTuple):
    """How far a scan is, seen from outside."""

    title: str
    missing: list[int]
    tiles: int
    cells: int  # done
    total: int
    per_second: float  # cells; 0 if unknown
    idle: float  # seconds since the last tile


def progress_of(folder: Path) -> Seen:
    """Look at a folder of tile files.

    Raises
    ------
    InputError
        If it is not the folder of a scan.
    """
    known = read_plan(folder)
    if known is None:
        raise InputError(f"{folder}: no {PLAN} here; give a scan file, or the folder of a running scan")
    plan = known.plan
    times = {}
    for tile in range(plan.count):
        try:
            times[tile] = tile_path(folder, tile).stat().st_mtime
        except FileNotFoundError:
            continue
    recent = sorted(times, key=lambda tile: times[tile])[-RECENT:]
    span = times[recent[-1]] - times[recent[0]] if len(recent) > 1 else 0.0
    rate = sum(plan.cells_in(tile) for tile in recent[1:]) / span if span > 0 else 0.0
    idle = time.time() - max(times.values(), default=time.time())
    cells = sum(plan.cells_in(tile) for tile in times)
    missing = sorted(set(range(plan.count)) - times.keys())
    return Seen(known.title, missing, plan.count, cells, plan.cells, rate, idle)
