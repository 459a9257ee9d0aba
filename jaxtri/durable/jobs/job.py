"""A job, one output of a scan, and the folder of its finished tiles: whose they are is told before work.

The folder ``<output>.parts`` holds ``plan.json`` (what is computed, with which versions), the owner's file
(`lock`) and one file for each finished tile (`tile_files`).  The partial output lies beside the output.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.durable.storage.hdf5_writer import WriteHead, WriteTail
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tile_files import Blocks, clear
from jaxtri.durable.storage.tiling import NamedArrays, Plan
from jaxtri.errors import InputError, StorageError

LONGEST = 60  # characters of a value that is shown
PLAN = "plan.json"
LAYOUT = 2  # of the folder; 1: tiles pointed into a partial output
IDENTITY = ("configuration", "axes", "versions")  # the axes as a hash
SHOWN = 8  # differences that a refusal lists
UNDO = "undo the change, choose another output, or pass --force to begin again"
OTHERS = "give the scan file that they were computed with, or other folders"


def _no_device() -> str:
    return ""


def _nothing() -> None:
    """Nothing is begun aside."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One output file, and the functions that know what is in it.

    ``compute`` and ``start_worker`` are sent to other processes, so they can be pickled.
    """

    output: Path
    plan: Plan
    title: str
    identity: Mapping[str, Any]  # by `IDENTITY`, as JSON: what decides whether another job is the same
    compute: Callable[
        [Plan, int], tuple[NamedArrays, Blocks]
    ]  # a tile: arrays without cells, blocks of cells
    write_head: WriteHead
    write_tail: WriteTail
    identity_of: Callable[[Path], Mapping[str, Any] | None]  # of a finished file; None if it is none
    device: str = ""  # that computes tiles in this process
    aside: Callable[[], Any] = _nothing  # begin what the tail will ask for, in a thread of its own
    start_worker: Callable[[], str] = _no_device  # prepare another process that computes; name its device

    @property
    def folder(self) -> Path:
        """Folder of the tile files."""
        return parts_of(self.output)

    def copied_into(self, inode: int) -> Path:
        """Name of an empty file which says that the output with this inode has every tile of the folder."""
        return self.folder / f"output-{inode}"


class Done(NamedTuple):
    """What became of a tile."""

    tile: int
    error: str | None  # why it failed


class Known(NamedTuple):
    """What a folder says of its scan."""

    plan: Plan
    title: str
    identity: Mapping[str, Any]


Execute = Callable[[Job, list[int]], Iterator[Done]]  # an executor: computes tiles, in any order


FOREIGN = Known(
    Plan(sizes={}, arrays={}, compression="none", chunk=(), tile=(), key=""),
    "tiles of another version of jaxtri, which this one cannot read",
    dict.fromkeys(IDENTITY),
)


def parts_of(output: Path) -> Path:
    """Folder of the tile files of an output."""
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
    make_folder(job)
    known = check_same(job, force=force)
    if known is not None and known.plan.key != job.plan.key:
        with owned(job.folder, break_lock=break_lock):
            known = read_plan(job.folder)
            if known is None or known.plan.key != job.plan.key:  # no other part was faster
                clear(job.folder)
                return _begun(job)
    return _begun(job) if known is None else replace(job, plan=known.plan)


def make_folder(job: Job) -> None:
    """Make the folder of a job, if it is missing; errors are `StorageError`."""
    try:
        job.folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise StorageError(
            f"{job.folder}: is a file, and the name of the folder that a scan needs; move it"
        ) from error
    except OSError as error:
        raise StorageError(f"{job.folder}: cannot be made ({error.strerror})") from error


def check_same(job: Job, *, force: bool) -> Known | None:
    """Return what the folder of a job says of its scan.

    Raises
    ------
    InputError
        If that is another scan, and is not to be thrown away.
    """
    known = read_plan(job.folder)
    if known is not None and known.plan.key != job.plan.key and not force:
        raise InputError(_refusal(job.folder, job, known, UNDO))
    return known


def _begun(job: Job) -> Job:
    """Say in the folder of a job what it is."""
    content = {"layout": LAYOUT, "plan": asdict(job.plan), "title": job.title, **job.identity}
    write_whole(job.folder / PLAN, json.dumps(content, indent=1).encode())
    return job


def adopted(job: Job, others: list[Path]) -> tuple[Job, list[Path]]:
    """Return a job with the plan and versions that its tiles were computed with, and the folders of these.

    The first folder is the job's own.  Folders of other scans, as of another treatment, are left out.

    Raises
    ------
    InputError
        If no folder says that it holds tiles of this scan, or the job's own those of another.
    """
    first: Known | None = None
    fitting, refusals = [], []
    for folder in (job.folder, *others):
        known = read_plan(folder)
        if known is None or known.identity["axes"] == job.identity["axes"]:
            fitting.append(folder)
            first = first or known
        else:
            refusals.append(_refusal(folder, job, known, OTHERS))
    if refusals and (first is None or job.folder not in fitting):
        raise InputError(refusals[0])
    if first is None:
        shown = ", ".join(map(str, fitting))
        raise InputError(f"{job.output}: no tiles of it in {shown}; run jaxtri scan --part first")
    identity = {**job.identity, "versions": first.identity["versions"]}
    return replace(job, plan=first.plan, identity=identity), fitting


def read_plan(folder: Path) -> Known | None:
    """What a folder of tile files says of its scan; None if it says nothing.

    Raises
    ------
    StorageError
        If that cannot be read, or is damaged.
    """
    path = folder / PLAN
    try:
        data = json.loads(path.read_text())
        if data.get("layout") != LAYOUT and "plan" in data:
            return FOREIGN
        return Known(Plan.from_json(data["plan"]), data["title"], {name: data[name] for name in IDENTITY})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"{path}: damaged ({error}); remove this file: tiles beside it that are of the same scan are kept"
        ) from error


def _refusal(folder: Path, job: Job, known: Known, advice: str) -> str:
    if known is FOREIGN:
        advice = "finish the scan with that version, or pass --force to begin again"
        return f"{folder}: holds {known.title}; {advice}"
    return f"{folder}: holds parts of another scan; {advice}. {changes(job, known.identity)}"


def changes(job: Job, then: Mapping[str, Any]) -> str:
    """Say where a job differs from what was computed, both by `IDENTITY`."""
    now = {name: one for name, one in job.identity.items() if name != "axes"}  # a hash tells nobody anything
    lines = list(differences({name: then[name] for name in now}, now)) or ["values of an axis"]
    more = f"\n  and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    said = "\n  ".join(lines[:SHOWN])
    return f"Then -> now:\n  {said}{more}"


def differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    """Describe where two nested values differ, one line each."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*then, *now]):
            inner = f"{where}.{name}" if where else str(name)
            yield from differences(then.get(name, "nothing"), now.get(name, "nothing"), inner)
    elif then != now:
        yield f"{where.removeprefix('configuration.')}: {_short(then)} -> {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
