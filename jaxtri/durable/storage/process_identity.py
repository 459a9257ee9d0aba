"""Which process is meant: by host, container, number and start, since numbers come again."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

HIDDEN = "0"  # start of a process that is there, and of which no more can be seen


@dataclass(frozen=True)
class Process:
    """A process, perhaps of another host or another container, perhaps one that is no more."""

    host: str
    namespace: str  # in which its number holds: containers of one host may share its name, not their numbers
    pid: int
    started: str  # as the system counts it

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this host, or of this container."""
        return (self.host, self.namespace) == (socket.gethostname(), _namespace())

    @property
    def is_alive(self) -> bool | None:
        """Whether it still runs, or may; None where that cannot be known from here."""
        return _start_of(self.pid) in (self.started, HIDDEN) if self.is_here else None

    @property
    def tag(self) -> str:
        """The process in the name of a file."""
        return f"{self.host}.{self.namespace}.{self.pid}.{self.started}"

    def __str__(self) -> str:
        """Name the process for a message."""
        return f"process {self.pid} on {self.host}"


def this_process() -> Process:
    """Return the process that asks."""
    return Process(socket.gethostname(), _namespace(), os.getpid(), _start_of(os.getpid()))


def _namespace() -> str:
    """The number of the namespace of this process's number; 0 on systems without such."""
    try:
        return "".join(filter(str.isdecimal, os.readlink("/proc/self/ns/pid"))) or "0"
    except OSError:
        return "0"


def _start_of(pid: int) -> str:
    """When a process of this host started, as the system counts; empty if there is none, or `HIDDEN`."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
        return "" if fields[0] == b"Z" else fields[19].decode("ascii")
    except (OSError, IndexError):
        pass
    try:  # it is another user's, or the system has no /proc
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return HIDDEN
