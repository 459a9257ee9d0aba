"""Command line of jaxtri: arguments and exit codes.

Nothing heavy is imported before a command runs, so that --help answers at once.
"""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO

from jaxtri.cli.parser import parsed
from jaxtri.errors import InterruptedScan, JaxtriError

STORAGE, TERMINATED, INTERRUPTED = 4, 75, 130
SAID = {TERMINATED: "stopped", INTERRUPTED: "interrupted"}
KEPT = "; finished tiles are kept; the same command resumes"
DEAF = ("_xla_gc_callback", "__del__")  # functions in which Python drops what a signal raises,
DEAF_FILES = ("weakref.py", "_weakrefset.py")  # and files with such functions
AGAIN_S = 0.02
RARELY = 1_000_000  # objects, where 700 are usual
Handler = Callable[[int, FrameType | None], None]
PLAIN = str.maketrans({"–": "-", "→": "->", "−": "-", "σ": "sigma"})  # for streams that are ASCII


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _open_streams()
    arguments = parsed(argv)
    os.environ["MPLBACKEND"] = "agg"  # that of a notebook cannot be loaded here, and nothing is shown
    with _signals():
        return _run(arguments)


def command_line() -> None:
    """Run the command of this process, and end it.

    After a signal at once: libraries that were interrupted may not survive being taken down in order.
    """
    _answer()  # until the end: also while libraries are taken down
    code = main()
    if code in SAID:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from jaxtri.cli.commands import WRITING, command_of

        with _few_collections():
            command = command_of(arguments.command)
        with _unwinding() if arguments.command in WRITING else _few_collections():
            said = command(arguments)
        _say(said)
    except JaxtriError as error:
        print(f"jaxtri: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()  # the reader of our output went away, as in `jaxtri models | head`
            return 0
        print(f"jaxtri: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        return STORAGE
    except (KeyboardInterrupt, Exception) as error:
        code = _signalled(error)
        if code is None:
            raise
        print(f"jaxtri: {SAID[code]}{KEPT}", file=sys.stderr)
        return code
    return 0


def _signalled(error: BaseException | None) -> int | None:
    """Exit code of the signal that is behind an error, as where a library calls Python from C."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        if isinstance(error, InterruptedScan):
            return TERMINATED
        error = error.__cause__ or error.__context__
    return None


def _open_streams() -> None:
    """Make up for streams that are closed, and for encodings that lack what we write."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # as long as the process lives
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Lossy):
        sys.stderr = _Lossy(sys.stderr)


class _Lossy:
    """A stream for messages: where it cannot be written they are lost, and nothing else is."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or from now on nowhere."""
        self._try(self._stream.write, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Write what is kept."""
        self._try(self._stream.flush)

    def _try(self, function: Callable[..., Any], *arguments: str) -> None:
        try:
            function(*arguments)
        except OSError:
            with open(os.devnull, "w") as nowhere, suppress(OSError):
                os.dup2(nowhere.fileno(), self._stream.fileno())


def _say(text: str) -> None:
    """Print what a command answers."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = text.translate(PLAIN)
    print(text)
    sys.stdout.flush()


def _left(number: int, frame: FrameType | None) -> None:
    """End the process at once: nothing is to be put away, and libraries may not survive being unwound."""
    code = INTERRUPTED if number == signal.SIGINT else TERMINATED
    with suppress(OSError):  # a closed stream
        os.write(2, f"jaxtri: {SAID[code]}\n".encode())
    os._exit(code)


def _raised(number: int, frame: FrameType | None) -> None:
    """End at a signal as at any other error; where Python would drop it, a moment later.

    A second one ends the process at once.
    """
    code = frame and frame.f_code
    if code and (code.co_name in DEAF or os.path.basename(code.co_filename) in DEAF_FILES):
        signal.signal(signal.SIGALRM, lambda _, later: _raised(number, later))
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        return
    _answered_by(_left, _raised)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise InterruptedScan(SAID[TERMINATED] + KEPT)


def _answer() -> dict[int, Any]:
    """Answer signals from now on; return who did before."""
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    return {number: signal.signal(number, _left) for number in numbers}


@contextmanager
def _signals() -> Iterator[None]:
    """Answer SIGTERM, and Ctrl-C unless it is ignored, as it is for jobs in the background."""
    before = _answer()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Rarely look for rubbish: imports, and what a short command traces, leave hardly any."""
    before = gc.get_threshold()
    gc.set_threshold(RARELY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _unwinding() -> Iterator[None]:
    """Put away what is begun before a signal ends a command."""
    _answered_by(_raised, _left)
    try:
        yield
    finally:
        _answered_by(_left, _raised)


def _answered_by(new: Handler, old: Handler) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is old:
            signal.signal(number, new)


if __name__ == "__main__":
    command_line()
