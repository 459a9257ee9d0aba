"""Who may write an output: an owner file, made with O_EXCL, that names host, process and time.

A dead owner on this host is replaced.  A process of another host cannot be asked whether it lives: it is
refused until the user says that it is gone (``--break-lock``).
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jaxtri.errors import StorageError
from jaxtri.files import maker_of, part_of, storing

WHOLE = "owner"  # of the whole output; a part of a job array has a file of its own


@dataclass(frozen=True)
class Owner:
    """A process that writes, or wrote, an output."""

    path: Path
    host: str
    pid: int
    started: str  # when the process started, as the system counts; tells apart processes of one number
    since: float  # [s] since 1970

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this host."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool | None:
        """Whether the process still runs; None where that cannot be known from here."""
        return _start_of(self.pid) == self.started if self.is_here else None

    def __str__(self) -> str:
        """Name the process for a message."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} on {self.host}, since {when}"


@contextmanager
def owned(folder: Path, *, shard: tuple[int, int] | None = None, break_lock: bool = False) -> Iterator[None]:
    """Own a folder of shards, or one part i of n of it, while the context lasts.

    Parameters
    ----------
    folder
        Folder of shards, which exists.
    shard
        (i, n) of a job array; None: everything.
    break_lock
        Replace owners of other hosts.

    Raises
    ------
    StorageError
        If another process owns it.
    """
    name = WHOLE if shard is None else f"{WHOLE}-{shard[0]}-of-{shard[1]}"
    path = folder / f"{name}.json"
    _take(path, break_lock=break_lock)
    try:
        for other in owners(folder):
            collides = shard is None or other.path.stem == WHOLE
            if other.path != path and collides:
                _refuse_living(other, break_lock=break_lock)
                _remove(other.path, other)
        yield
    finally:
        path.unlink(missing_ok=True)


def owners(folder: Path) -> list[Owner]:
    """Return the owners of a folder of shards, dead ones included."""
    found = [_read(path) for path in sorted(folder.glob(f"{WHOLE}*.json"))]
    return [one for one in found if one is not None]


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove the unfinished files, all or those of one name, that dead processes of this host left."""
    for path in folder.glob(".*.part"):
        if is_of_the_dead(path, name):
            path.unlink(missing_ok=True)


def is_of_the_dead(path: Path, name: str | None = None) -> bool:
    """Whether a file, of one name or any, was made by a process of this host that is no more.

    One with the number of this process is of a dead one too: in a container numbers come again.
    """
    maker = maker_of(path)
    if maker is None or name not in (None, maker[0]):
        return False
    return maker[1] == os.getpid() or not _start_of(maker[1])


def refuse_living(folder: Path, *, break_lock: bool = False) -> None:
    """Raise `StorageError` if a folder of shards has an owner that lives, or may."""
    for one in owners(folder):
        _refuse_living(one, break_lock=break_lock)


def _take(path: Path, *, break_lock: bool) -> None:
    """Create the owner file whole: written aside, then linked under its name, which fails if it is taken."""
    aside = part_of(path)
    me = {"host": socket.gethostname(), "pid": os.getpid(), "started": _start_of(os.getpid())}
    try:
        with storing(path):
            aside.write_text(json.dumps(me | {"since": time.time()}))
            for _ in range(2):
                try:
                    os.link(aside, path)
                    return
                except FileExistsError:
                    other = _read(path)
                    if other is not None:
                        _refuse_living(other, break_lock=break_lock)
                    _remove(path, other)
    finally:
        aside.unlink(missing_ok=True)
    raise StorageError(f"{path}: taken by another process at this moment; try again")


def _remove(path: Path, seen: Owner | None) -> None:
    """Remove the file of a dead owner, but not one that another process has just put in its place."""
    stale = path.with_name(f".{path.name}.{os.getpid()}.stale")
    try:
        os.rename(path, stale)
    except FileNotFoundError:
        return  # its owner, or another process, was faster
    if seen is not None and _read(stale) != Owner(stale, seen.host, seen.pid, seen.started, seen.since):
        os.link(stale, path)
    stale.unlink()


def _refuse_living(other: Owner, *, break_lock: bool) -> None:
    if other.is_alive or (other.is_alive is None and not break_lock):
        hint = "wait, or stop it" if other.is_alive else "if it is gone, pass --break-lock"
        raise StorageError(f"{other.path.parent}: in use by {other}; {hint}")


def _read(path: Path) -> Owner | None:
    """Owner by its file; None if that is gone or was never finished."""
    try:
        data = json.loads(path.read_text())
        return Owner(path, str(data["host"]), int(data["pid"]), str(data["started"]), float(data["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _start_of(pid: int) -> str:
    """When a process of this host started, in the words of the system; empty if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return ""
    try:  # no /proc: only whether it is there
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    return "alive"
