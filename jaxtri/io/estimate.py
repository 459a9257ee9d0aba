"""How much work, memory and disk a scan takes, before it runs."""

from jaxtri.durable.storage.tile_files import tiles_there
from jaxtri.durable.storage.tiling import tiles_of
from jaxtri.io.hdf5_scan import size_on_disk
from jaxtri.io.write_scan import Work

CELLS_PER_SECOND = 1e6  # all arrays of a cell, compressed and written, on two cores; for --dry-run
REDUCED_PER_SECOND = 2e7  # where no array of every search or channel is stored
START_UP_S = 15.0  # imports, compilation, boundaries and figure


def estimate_text(work: Work) -> str:
    """What would be done, for --dry-run."""
    specs, part = work.specs, work.part
    paths = [job.folder for job in work.left] if part else work.files
    spec, cells, there, tiles, raw, disk = specs[0], 0, 0, 0, 0.0, 0.0
    for job in work.left:
        mine = tiles_of(part, job.plan)
        here = job.plan.cells_of(mine)
        there += job.plan.cells_of(tiles_there(job.folder) & set(mine))
        cells, tiles = cells + here, tiles + len(mine)
        raw, disk = raw + job.plan.bytes_of(here) / 1e6, disk + size_on_disk(job.plan, here) / 1e6
    fast = "log10_ratio" not in spec.arrays and "log10_br" not in spec.arrays
    seconds = START_UP_S + (cells - there) / (REDUCED_PER_SECOND if fast else CELLS_PER_SECOND)
    shape, names = " x ".join(map(str, spec.sizes.values())), ", ".join(spec.sizes)
    models = f"{len(specs)} models, " if len(specs) > 1 else ""
    treatments = _number(len(spec.treatments), "treatment")
    searches = _number(len(spec.labels), "search", "es")
    which = f"part {part[0]} of {part[1]}: " if part else ""
    already = f", {there} of them there already" if there else ""
    return (
        f"{shape} points ({names}), {models}{treatments}, {searches}: {which}{cells} cells{already}, "
        f"{raw:.0f} MB before compression, at most about {disk:.0f} MB on disk, about {seconds:.0f} s, "
        f"{_number(tiles, 'tile')}\nwould write " + ", ".join(map(str, paths))
    )


def _number(count: int, noun: str, plural: str = "s") -> str:
    return f"{count} {noun}{'' if count == 1 else plural}"
