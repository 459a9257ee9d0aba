"""A scan of random numbers that is written as any other: tiles, their files, the output.  Without JAX.

As a script, preloaded with the library of ``fault_shim.c``, ``made_up_job.py FOLDER COMPRESSION START`` forks
a process for every fault, looks at what that left, runs the job again, looks once more, and prints what it
found as JSON.
"""

import argparse
import atexit
import ctypes
import gc
import itertools
import json
import math
import mmap
import os
import re
import shutil
import signal
import struct
import sys
import zlib
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from jaxtri.durable.jobs.job import Job, prepare
from jaxtri.durable.jobs.resume import left_to_do
from jaxtri.durable.jobs.run import run_job, run_part
from jaxtri.durable.jobs.threads import in_threads
from jaxtri.durable.storage import hdf5_writer, tile_files
from jaxtri.durable.storage.lock import owned
from jaxtri.durable.storage.tiling import Plan, inside
from jaxtri.errors import JaxtriError
from jaxtri.io import hdf5_layout
from jaxtri.io.hdf5_scan import open_scan
from jaxtri.scans.arrays import CELL_ARRAYS, RANGE_ENDS, array_plans
from jaxtri.scans.record import Header
from made_up_scan import SEARCH, made_up_configuration

SIZES = {"sample": 2, "m_X": 4, "g_X": 11}
CHUNK, TILE = (1, 3, 3), (2, 4, 3)  # four tiles along g_X; chunks stick out past both ends
NAMES = {
    "search": ("first", "second"),
    "channel": ("one",),
    "final_state": ("e+ e-",),
    "range_end": RANGE_ENDS,
}
ARRAYS = ("valid", "g_X_range", "log10_ratio", "status")  # with labels and without, of columns and of cells
OUTPUT = "scan.h5"
FAULTS = ("count", "die", "tear", "fail", "full")  # by the numbers of fault_shim.c
REFUSING = ("fail", "full")
FULL_STEP = 5  # "full" is tried at every fifth call: what follows a first failure is nearly the same
TORN = re.compile(r"write .*/\.?tile-00001\.tile(\..*\.part)?")  # what a killed run had in hand
STORAGE = 4  # exit code
BROKEN = 99  # exit code of anything that is not a JaxtriError


def made_up_plan(compression="gzip", sizes=SIZES):
    """Return a plan of four tiles, or more."""
    arrays = array_plans(ARRAYS, {name: len(names) for name, names in NAMES.items()}, "float32")
    return Plan(sizes=sizes, arrays=arrays, compression=compression, chunk=CHUNK, tile=TILE, key="made up")


def made_up_header(sizes=SIZES):
    """Return the header of the finished file."""
    axes = {name: np.geomspace(1e-3, 1.0, size) for name, size in sizes.items()}
    return Header(
        title="random", treatment="made_up", scan_file='title = "random"\n',
        configuration=made_up_configuration(axes), fingerprint="0" * 64, inputs={}, versions={"jaxtri": "0"},
        searches=tuple(SEARCH | {"name": name} for name in ("first", "second")),
        axes=axes | NAMES, arrays=ARRAYS, parameters={"sample": {"m_t": np.array([170.0, 175.0])}},
        units={"sample": "1"},
    )  # fmt: skip


def made_up_arrays(plan):
    """Return every array of the scan, always the same; one holds NaN and infinities."""
    random = np.random.default_rng(1)
    arrays = {}
    for name in plan.arrays:
        dtype, shape = np.dtype(plan.arrays[name].dtype), plan.array_shape(name)
        values = random.integers(0, 4, shape) if dtype.kind == "u" else random.normal(size=shape)
        arrays[name] = values.astype(dtype)
    arrays["log10_ratio"][0, 0, 0, :3] = [np.nan, np.inf, -np.inf]
    return arrays


def made_up_job(folder, compression="gzip", sizes=SIZES):
    """Return a job whose tiles are cut out of the arrays."""
    plan = made_up_plan(compression, sizes)
    arrays = made_up_arrays(plan)

    def compute(plan, tile):
        box = plan.box(tile)
        columns = {name: arrays[name][inside(box[:-1])] for name in plan.arrays if name not in CELL_ARRAYS}
        cells = [name for name in plan.arrays if name in CELL_ARRAYS]
        blocks = (
            (where, {name: arrays[name][inside(where)] for name in cells}) for where in plan.chunks(box)
        )
        return columns, blocks

    header = made_up_header(sizes)
    return Job(
        output=Path(folder) / OUTPUT, plan=plan, title=header.title, compute=compute,
        identity=made_up_identity(header),
        write_head=partial(hdf5_layout.write_head, header=header),
        write_tail=partial(hdf5_layout.write_tail, header=header), identity_of=identity_of,
    )  # fmt: skip


def made_up_identity(header):
    """Return what the job, or its file, says that it is."""
    return {
        "configuration": header.configuration,
        "axes": header.fingerprint,
        "versions": dict(header.versions),
    }


def as_another(job, **said):
    """Return a job that says something else of what it is, by default of its axes."""
    return replace(job, identity={**job.identity, **(said or {"axes": "1" * 64})})


def identity_of(path):
    """Return what a file says that it is; None if it is no scan."""
    try:
        return made_up_identity(open_scan(path).header)
    except JaxtriError:
        return None


def run(job, tiles=None, **options):
    """Run a job to its end, or so many tiles of it; a finished scan is let alone, as the command does."""
    if not left_to_do([job], force=False):
        return
    job = prepare(job)
    with owned(job.folder):
        if tiles is None:
            run_job(job, one_by_one, **options)
        else:
            run_part(job, one_by_one, range(tiles))


def one_by_one(job, tiles):
    """An executor whose calls always come in the same order: no tile is begun before the last is copied."""
    for tile in tiles:
        yield from in_threads(1)(job, [tile])


def written_in_place():
    """Let files have their final names from the beginning, which the checks must catch."""

    @contextmanager
    def in_place(path, *, replace=True):
        with path.open("wb+", buffering=0) as raw:
            yield raw

    tile_files.new_file = hdf5_writer.new_file = in_place


def wrong_output(job):
    """What is wrong with the finished file, if it is there; every array is compared bit for bit."""
    if not job.output.exists():
        return []
    try:
        with h5py.File(job.output, "r", locking=False) as file:
            hdf5_layout.check_format(job.output, file)
            header = hdf5_layout.read_header(file)
            stored = {name: file[name][...] for name in job.plan.arrays}
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        return [f"the output is there, but not whole: {error}"]
    wrong = [
        f"{name} differs"
        for name, array in made_up_arrays(job.plan).items()
        if stored[name].dtype != array.dtype or stored[name].tobytes() != array.tobytes()
    ]
    return wrong + ([] if header.scan_file == made_up_header().scan_file else ["the header differs"])


def wrong_tiles(job, known=None):
    """What is wrong with the tile files under their final names, but for one with damage that is known."""
    arrays, wrong = made_up_arrays(job.plan), []
    for tile in range(job.plan.count):
        path = tile_files.tile_path(job.folder, tile)
        if not path.exists() or path.read_bytes() == known:
            continue
        try:
            wrong += [f"{path.name}: {name} differs" for name in differing(job.plan, tile, path, arrays)]
        except (OSError, KeyError, ValueError, EOFError, struct.error, zlib.error) as error:
            wrong.append(f"{path.name} is done, but unreadable: {error}")
    return wrong


def record_of(content):
    """What the record in a tile file says, and its arrays; read here."""
    length, checksum = struct.unpack("<QI", content[-12:])
    record = content[-12 - length : -12]
    if zlib.crc32(record) != checksum:
        raise ValueError("another checksum")
    head, data = record.split(b"\n", 1)
    said, arrays = json.loads(head), {}
    for name, (dtype, shape) in said.pop("arrays").items():
        size = math.prod(shape) * np.dtype(dtype).itemsize
        arrays[name] = np.frombuffer(data[:size], dtype=dtype).reshape(shape)
        data = data[size:]
    return said, arrays


def with_record(content, said, arrays):
    """A tile file with another record."""
    (length,) = struct.unpack("<Q", content[-12:-4])
    head = said | {"arrays": {name: [array.dtype.str, array.shape] for name, array in arrays.items()}}
    record = json.dumps(head).encode() + b"\n" + b"".join(array.tobytes() for array in arrays.values())
    return content[: -12 - length] + record + struct.pack("<QI", len(record), zlib.crc32(record))


def differing(plan, tile, path, arrays):
    """Yield the arrays of a tile file that are not what they should be; its chunks are unpacked here."""
    content = path.read_bytes()
    _, stored = record_of(content)
    box = plan.box(tile)
    for name, array in arrays.items():
        if name not in CELL_ARRAYS:
            if stored[name].tobytes() != array[inside(box[:-1])].tobytes():
                yield name
            continue
        labels = plan.arrays[name].labels
        places = [(label, where) for where in plan.chunks(box) for label in np.ndindex(*labels)]
        for (label, where), (address, size, checksum) in zip(places, stored[name], strict=True):
            data = content[address : address + size]
            own = array[label][inside(where)]
            known = int.from_bytes(data[-4:], "little") if plan.compression == "none" else zlib.crc32(data)
            if known != checksum or unpacked(data, plan, own).tobytes() != own.tobytes():
                yield name


def unpacked(data, plan, like):
    """Return the values of a stored chunk: inflated and put in order, or without the sum at its end."""
    if plan.compression == "none":
        values = np.frombuffer(data[:-4], dtype=like.dtype)
    else:
        planes = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(like.itemsize, -1)
        values = planes.T.copy().view(like.dtype)
    return values.reshape(plan.chunk)[tuple(slice(size) for size in like.shape)]


def unfinished(folder):
    """Names, below a folder, of unfinished files and of owners."""
    return {path.name for path in folder.rglob("*") if path.name.startswith((".", "owner"))}


class Shim:
    """The preloaded library, by its functions."""

    def __init__(self):
        library = ctypes.CDLL(None)  # what the process has loaded, the shim before all else
        self._arm, self._fired, self._count = library.fault_arm, library.fault_fired, library.fault_count
        self._arm.argtypes = ctypes.c_char_p, ctypes.c_int, ctypes.c_long
        self._count.restype = ctypes.c_long
        self._call = library.fault_call
        self._call.argtypes, self._call.restype = (ctypes.c_long,), ctypes.c_char_p

    def arm(self, folder, fault, number):
        """Let the Nth call below a folder go wrong."""
        self._arm(os.fsencode(folder), FAULTS.index(fault), number)

    @property
    def fired(self):
        """Whether it did, in the process that was armed last."""
        return bool(self._fired())

    @property
    def calls(self):
        """The numbered calls, each with the path below the folder."""
        return [os.fsdecode(self._call(number)) for number in range(self._count())]


class Child:
    """A fork of this process that runs the job once and ends as any process does."""

    def __init__(self):
        self._page = mmap.mmap(-1, 4096)  # shared: what the child says

    def run(self, job, before=lambda: None, **options):
        """Return the exit code, negative if it was killed, and what it said."""
        self._page[:] = bytes(len(self._page))
        child = os.fork()
        if child == 0:
            code, said = 0, ""
            try:
                before()
                run(job, **options)
            except JaxtriError as error:
                code, said = error.exit_code, str(error)
            except BaseException as error:  # noqa: BLE001  # it is reported, and the fork must not go on
                code, said = BROKEN, repr(error)
            text = said.encode()[: len(self._page)]
            self._page[: len(text)] = text
            atexit._run_exitfuncs()  # those of Python, then those of the libraries: HDF5 closes its files
            ctypes.CDLL(None).exit(code)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), bytes(self._page).rstrip(b"\0").decode()


class Trial:
    """A job in a folder that is put back to where it began before every fault."""

    def __init__(self, place, compression, start):
        self.folder, self._template = place / "scan", place / "template"
        self.job, self.child, self.shim = made_up_job(self.folder, compression), Child(), Shim()
        self._template.mkdir()
        self._damaged = None
        if start == "resumed":
            self._stop_early(compression)

    def _stop_early(self, compression):
        """Leave in the template what a killed run does: an owner, a torn file; and a damaged tile file."""
        job = made_up_job(self._template, compression)
        self.child.run(job, lambda: self.shim.arm(self._template, "count", 0), tiles=2)
        chunks = [n for n, call in enumerate(self.shim.calls, 1) if TORN.fullmatch(call)]
        shutil.rmtree(job.folder)
        self.child.run(job, lambda: self.shim.arm(self._template, "tear", chunks[-1]), tiles=2)
        path = tile_files.tile_path(job.folder, 0)
        content = bytearray(path.read_bytes())
        content[len(content) // 4] ^= 1  # of a chunk
        path.write_bytes(content)
        self._damaged = bytes(content)

    def run(self, fault, number):
        """Begin again and run with a fault; return exit code and what was said."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._template, self.folder)
        return self.child.run(self.job, lambda: self.shim.arm(self.folder, fault, number))

    def after_fault(self, fault, code, said):
        """What is wrong after a fault."""
        wrong = wrong_output(self.job) + wrong_tiles(self.job, self._damaged)
        if fault in REFUSING:
            if code != STORAGE or said.count("\n") or not said.startswith(str(self.folder)):
                wrong.append(f"a full disk gives exit code {code}: {said!r}")
            if left := unfinished(self.folder) - unfinished(self._template):
                wrong.append(f"left behind: {left}")
        elif code != -signal.SIGKILL:
            wrong.append(f"killed, but exit code {code}: {said!r}")
        return wrong

    def after_rerun(self, code, said):
        """What is wrong after the job was run, or run again, to its end."""
        left = sorted(path.name for path in self.folder.iterdir())
        wrong = wrong_output(self.job)
        wrong += [] if code == 0 else [f"run again: exit code {code}: {said!r}"]
        return wrong + ([] if left == [OUTPUT] else [f"afterwards there is {left}"])


def main(folder, compression, start, step, in_place):
    """Try every fault, or every so many; print calls and findings."""
    if in_place:
        written_in_place()
    gc.freeze()  # forks then share more of their memory with this process
    trial = Trial(Path(folder).resolve(), compression, start)
    code, said = trial.run("count", 0)
    found = {"calls": trial.shim.calls, "wrong": trial.after_rerun(code, said), "tried": {}, "last": {}}
    for fault in FAULTS[1:]:
        found["tried"][fault] = 0
        for number in itertools.count(1, step * FULL_STEP if fault == "full" else step):
            code, said = trial.run(fault, number)
            if not trial.shim.fired:
                break
            call = trial.shim.calls[number - 1]
            wrong = trial.after_fault(fault, code, said) + trial.after_rerun(*trial.child.run(trial.job))
            found["wrong"] += [f"{fault} {number} ({call}): {one}" for one in wrong]
            found["tried"][fault] += 1
            found["last"][fault] = number
    print(json.dumps(found))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    for name in ("folder", "compression", "start"):
        arguments.add_argument(name)
    arguments.add_argument("--step", type=int, default=1)
    arguments.add_argument("--in-place", action="store_true")
    sys.exit(main(**vars(arguments.parse_args())))
