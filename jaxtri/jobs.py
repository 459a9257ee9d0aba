"""A scan that outlives its process: tiles become shards in a folder beside the output, shards the output.

The folder ``<output>.parts`` holds ``plan.json`` (what is computed, with which versions), the owner's file,
one record a tile and the files with their chunks, of which the output in the making is one.  A tile is
computed anew unless its shard is there and whole, whoever wrote it; when all are in it, the output gets its
name and the folder goes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from jaxtri.curves import Boundaries
from jaxtri.differences import differences
from jaxtri.errors import InputError, StorageError, UnresolvedError
from jaxtri.fields import Fields, Header
from jaxtri.files import write_whole
from jaxtri.output import Output, output_in
from jaxtri.owner import refuse_living, sweep
from jaxtri.plan import Plan
from jaxtri.shards import Blocks, Heap, clear, drop_unnamed, finished_tiles, shard_path

PLAN = "plan.json"
SHOWN = 8  # differences that a refusal lists
ROUNDS = 3  # of taking over what is there and computing the rest


@dataclass(frozen=True, kw_only=True)
class Job:
    """One output file of a scan."""

    output: Path
    plan: Plan
    header: Header
    compute: Callable[[Plan, int], tuple[Fields, Blocks]]  # a tile: columns, and blocks of cells
    boundaries: Callable[[], Boundaries | None] = lambda: None
    source: Any = None  # what an executor in other processes needs to compute a tile

    @property
    def folder(self) -> Path:
        """Folder of the shards."""
        return parts_of(self.output)


class Done(NamedTuple):
    """What became of a tile."""

    tile: int
    error: str | None  # why it failed


# An executor: computes tiles in any order, their chunks into a heap if there is one that it can reach.
Execute = Callable[[Job, list[int], Heap | None], Iterator[Done]]


def parts_of(output: Path) -> Path:
    """Folder of the shards of an output."""
    return output.with_name(f"{output.name}.parts")


def prepare(job: Job, *, force: bool = False, break_lock: bool = False) -> Job:
    """Make the folder of a job, or find it as an interrupted run left it.

    Parameters
    ----------
    job
        What is to be written.
    force
        Throw away what was computed for another scan.
    break_lock
        Even if a process of another host owns it.

    Returns
    -------
    Job
        The job, cut into the tiles of the interrupted run.

    Raises
    ------
    InputError
        If the folder belongs to another scan: what differs is said.
    StorageError
        If it cannot be written, or is to be thrown away while another process works in it.
    """
    try:
        job.folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StorageError(f"{job.folder}: cannot be made ({error.strerror})") from error
    known = read_plan(job.folder)
    if known is not None and known["plan"]["key"] == job.plan.key:
        return replace(job, plan=Plan.from_json(known["plan"]))
    if known is not None:
        if not force:
            raise InputError(_refusal(job.folder, job, known))
        refuse_living(job.folder, break_lock=break_lock)
        for path in [*job.folder.glob("tile-*"), *job.folder.glob("*.data"), job.folder / PLAN]:
            path.unlink(missing_ok=True)
    content = {"plan": asdict(job.plan), "title": job.header.title, **_said(job)}
    write_whole(job.folder / PLAN, json.dumps(content, indent=1).encode())
    return job


def kept(versions: Mapping[str, str]) -> dict[str, str]:
    """Versions that must not be mixed; the devices of tiles may be."""
    return {name: one for name, one in versions.items() if name != "device"}


def _said(job: Job) -> dict[str, Any]:
    """What decides whether a job is the same as another, beside its plan; as JSON gives it back."""
    header = job.header
    said = {
        "configuration": header.configuration,
        "axes": header.fingerprint,
        "versions": kept(header.versions),
    }
    return dict(json.loads(json.dumps(said)))


def adopted(job: Job, folders: list[Path]) -> Job:
    """Return a job with the plan and the versions that the shards in some folders were computed with.

    Raises
    ------
    InputError
        If no folder says what it holds, or one holds parts of another scan.
    """
    for folder in folders:
        known = read_plan(folder)
        if known is None:
            continue
        if known["axes"] != job.header.fingerprint:
            raise InputError(_refusal(folder, job, known))
        header = replace(job.header, versions=known["versions"])
        return replace(job, plan=Plan.from_json(known["plan"]), header=header)
    raise InputError(
        f"{job.output}: no shards of it in {', '.join(map(str, folders))}; run jaxtri scan --shard first"
    )


def read_plan(folder: Path) -> dict[str, Any] | None:
    """What a folder of shards says of its scan; None if it says nothing."""
    try:
        return dict(json.loads((folder / PLAN).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageError(f"{folder / PLAN}: cannot be read ({error}); remove {folder}") from error


def _refusal(folder: Path, job: Job, known: Mapping[str, Any]) -> str:
    now = {name: one for name, one in _said(job).items() if name != "axes"}  # a hash tells nobody anything
    lines = list(differences({name: known.get(name) for name in now}, now)) or ["values of an axis"]
    more = f"\n  and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    said = "\n  ".join(lines[:SHOWN])
    return (
        f"{folder}: holds parts of another scan; undo the change, choose another output, "
        f"or pass --force to begin anew. Then -> now:\n  {said}{more}"
    )


def run_job(
    job: Job,
    execute: Execute,
    *,
    tiles: Callable[[int], bool] = lambda tile: True,
    force: bool = False,
    finish: bool = True,
    found: Callable[[int], Any] = lambda cells: None,
) -> str:
    """Compute what is missing of a job, and make its output.

    Parameters
    ----------
    job
        From `prepare`, its folder owned by this process.
    execute
        Executor.
    tiles
        Which tiles are this process's.
    force
        Replace an existing output.
    finish
        Make the output; a part of a job array does not.
    found
        Called with the cells that were there already.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    UnresolvedError
        If tiles failed, by their names; everything else is kept.
    """
    sweep(job.folder)
    drop_unnamed(job.folder)
    if not finish:
        mine = set(filter(tiles, range(job.plan.count)))
        done = finished_tiles(job.folder, job.plan)
        found(job.plan.cells_of(done))
        _compute(job, execute, sorted(mine - done), None)
        return (
            f"{job.output}: this part's {len(mine)} of {job.plan.count} tiles are there; next: jaxtri merge"
        )
    with output_in(job.folder, job.plan, job.header) as output:
        for attempt in range(ROUNDS):
            done = output.take([job.folder])
            if attempt == 0:
                found(job.plan.cells_of(done))
            missing = sorted(set(range(job.plan.count)) - done)
            if not missing:
                _finish(job, output, force=force)
                return f"wrote {job.output}"
            _compute(job, execute, missing, output)
    raise StorageError(f"{job.folder}: shards are damaged again and again; is the disk sound?")


def _compute(job: Job, execute: Execute, tiles: list[int], into: Heap | None) -> None:
    """Compute tiles, and those that fail once more.

    Raises
    ------
    UnresolvedError
        If some fail again.
    """
    failed: dict[int, str] = {}
    for attempt in range(2):
        again = sorted(failed) if attempt else tiles
        for tile, error in execute(job, again, into) if again else ():
            if error is None:
                failed.pop(tile, None)
            else:
                failed[tile] = error
    if failed:
        raise UnresolvedError(_failure(job, failed))


def _failure(job: Job, failed: Mapping[int, str]) -> str:
    lines = [f"  tile {tile}, {place(job.plan, tile)}: {why}" for tile, why in list(failed.items())[:SHOWN]]
    more = [f"  and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
    return "\n".join(
        [f"{job.output}: {len(failed)} of {job.plan.count} tiles failed, the others are kept", *lines, *more]
    )


def place(plan: Plan, tile: int) -> str:
    """Say which nodes of each axis a tile holds."""
    return ", ".join(
        f"{name} {first}..{last - 1}" for name, (first, last) in zip(plan.sizes, plan.box(tile), strict=True)
    )


def join(job: Job, folders: list[Path], *, force: bool = False) -> None:
    """Make the output of the shards in some folders, the job's own first, which is removed.

    Raises
    ------
    InputError
        If a tile is in none of the folders, or its shard is damaged or of another scan.
    """
    every = set(range(job.plan.count))
    there = {tile for tile in every if any(shard_path(folder, tile).exists() for folder in folders)}
    _require_none(job, every - there, "are missing")
    with output_in(job.folder, job.plan, job.header) as output:
        _require_none(job, every - output.take(folders), "were damaged and put aside as .bad")
        _finish(job, output, force=force)


def _require_none(job: Job, tiles: set[int], what: str) -> None:
    if tiles:
        shown = ", ".join(map(str, sorted(tiles)[:SHOWN])) + (", ..." if len(tiles) > SHOWN else "")
        raise InputError(f"{job.output}: {len(tiles)} of {job.plan.count} tiles {what}: {shown}")


def _finish(job: Job, output: Output, *, force: bool) -> None:
    """Give the output its name, and remove the folder."""
    sweep(job.output.parent, job.output.name)
    output.finish(job.output, job.boundaries(), replace=force)
    clear(job.folder)
