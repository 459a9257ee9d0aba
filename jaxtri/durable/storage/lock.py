"""Who may write an output: one process, which holds a lock of the kernel for as long as it works.

The locked file also says who that is.  The kernel drops the lock when the process ends, however it ends, so a
file without a lock is of a process that is gone.  Not every file system shares its locks between hosts: the
file of another host or container is believed until the user says that its process is gone (``--break-lock``).
"""

import fcntl
import io
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from jaxtri.durable.storage.atomic_files import listed, reading, storing, write_at
from jaxtri.errors import StorageError

WHOLE = "owner"  # of the whole output; a part of a job array has a file of its own
HOST = r"[\w.-]{1,255}"
NOBODY = 0


@dataclass(frozen=True)
class Owner:
    """A process that writes, or wrote, an output."""

    path: Path
    host: str
    namespace: str  # of process numbers: containers may share the name of a host, not these
    pid: int  # `NOBODY` where the file names none
    since: float  # [s] since 1970
    is_locked: bool = field(compare=False)

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this host and container: the lock then says whether it runs."""
        return self.pid == NOBODY or (self.host, self.namespace) == _here()

    @property
    def is_alive(self) -> bool | None:
        """Whether the process still runs; None where that cannot be known from here."""
        return self.is_locked or (False if self.is_here else None)

    def __str__(self) -> str:
        """Name the process for a message."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return (
            "another process" if self.pid == NOBODY else f"process {self.pid:d} on {self.host}, since {when}"
        )


@contextmanager
def owned(folder: Path, *, part: tuple[int, int] | None = None, break_lock: bool = False) -> Iterator[None]:
    """Own a folder, or one part i of n of its tiles, while the context lasts; an empty folder then goes.

    Parameters
    ----------
    folder
        Folder of tile files, which exists.
    part
        (i, n) of a job array; None: everything.
    break_lock
        Replace owners of other hosts.

    Raises
    ------
    StorageError
        If another process owns it, or the file system has no locks.
    """
    whole = folder / f"{WHOLE}.json"
    path = whole if part is None else folder / f"{WHOLE}-{part[0]}-of-{part[1]}.json"
    try:
        with _opened(path, break_lock=break_lock) as file:
            _lock(file, path, break_lock=break_lock)
            try:  # whoever is locked first and looks then sees all others
                for other in listed(folder, WHOLE, ".json") if part is None else [whole]:
                    if other != path:
                        _refuse_living(_owner(other), break_lock=break_lock)
                        other.unlink(missing_ok=True)
                _sign(file, path)
                yield
            finally:
                with suppress(OSError):
                    if _is_at(path, file):  # and no successor's
                        path.unlink()
    finally:
        with suppress(OSError):
            folder.rmdir()


def owners(folder: Path) -> list[Owner]:
    """Return the owners of a folder of tile files, dead ones included."""
    return list(map(_owner, listed(folder, WHOLE, ".json")))


def refuse_living(folder: Path, *, break_lock: bool = False) -> None:
    """Raise `StorageError` if a folder of tile files has an owner that lives, or may."""
    for one in owners(folder):
        _refuse_living(one, break_lock=break_lock)


def _refuse_living(other: Owner, *, break_lock: bool) -> None:
    if other.is_alive is False or (break_lock and not other.is_here):
        return
    hint = "wait, or stop it" if other.is_here else "if it is gone, pass --break-lock"
    raise StorageError(f"{other.path.parent}: in use by {other}; {hint}")


def _opened(path: Path, *, break_lock: bool) -> io.FileIO:
    """Open an owner's file, which is made if it is missing."""
    with storing(path):
        if break_lock and not _owner(path).is_here:
            path.unlink(missing_ok=True)  # a host that went down may have left its lock
        try:
            return path.open("ab+", buffering=0)
        except FileNotFoundError as error:
            raise StorageError(_lost(path)) from error


def _lock(file: io.FileIO, path: Path, *, break_lock: bool) -> None:
    """Lock an owner's file for as long as it is open."""
    with storing(path):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _refuse_living(_owner(path), break_lock=False)
            raise StorageError(_lost(path)) from None
        except OSError as error:
            if os.fstat(file.fileno()).st_size == 0:
                path.unlink(missing_ok=True)
            raise StorageError(
                f"{path.parent}: this file system has no locks, which keep two writers apart "
                f"({error.strerror}); choose another"
            ) from error
        if not _is_at(path, file):
            raise StorageError(_lost(path))
        _refuse_living(replace(_owner(path), is_locked=False), break_lock=break_lock)


def _lost(path: Path) -> str:
    return f"{path.parent}: just taken, or removed, by another process; try again"


def _is_at(path: Path, file: io.FileIO) -> bool:
    """Whether a file still has its name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    return False


def _sign(file: io.FileIO, path: Path) -> None:
    """Say in an owner's file who this process is."""
    host, namespace = _here()
    said = {"host": host, "namespace": namespace, "pid": os.getpid(), "since": time.time()}
    with storing(path):
        file.truncate(0)
        write_at(file, 0, json.dumps(said).encode())


def _owner(path: Path) -> Owner:
    """Who a file names; nobody where it is gone, or says nothing that can be."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        with reading(path):
            said = json.loads(path.read_text())
        where, since = (said["host"], said["namespace"]), float(said["since"])
        found = Owner(path, *where, said["pid"], since, is_locked=_is_locked(path))
        if re.fullmatch(HOST, found.host) and str(found):
            return found
    return Owner(path, "", "", NOBODY, 0.0, is_locked=_is_locked(path))


def _is_locked(path: Path) -> bool:
    with suppress(OSError):  # it is gone, or there are no locks here
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _here() -> tuple[str, str]:
    """Return this host, and the namespace of its process numbers; 0 on systems without such."""
    try:
        return socket.gethostname(), "".join(filter(str.isdecimal, os.readlink("/proc/self/ns/pid")))
    except OSError:
        return socket.gethostname(), "0"
