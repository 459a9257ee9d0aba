"""Command line of jaxtri: arguments and exit codes.

Nothing heavy is imported before a command runs, so that --help answers at once.
"""

import argparse
import signal
import sys
from types import FrameType

from jaxtri.cli.parser import parsed
from jaxtri.errors import InterruptedScan, JaxtriError

STORAGE, INTERRUPTED = 4, 130


def _terminated(number: int, frame: FrameType | None) -> None:
    """End at SIGTERM as at any other error; while tiles are computed they are finished first."""
    raise InterruptedScan("stopped; finished tiles are kept; the same command resumes")


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    arguments = parsed(argv)
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        return _run(arguments)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from jaxtri.cli.commands import command_of

        print(command_of(arguments.command)(arguments))
        sys.stdout.flush()
    except JaxtriError as error:
        print(f"jaxtri: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()  # the reader of our output went away, as in `jaxtri models | head`
            return 0
        print(f"jaxtri: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        return STORAGE
    except KeyboardInterrupt:
        print("jaxtri: interrupted; finished tiles are kept; the same command resumes", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
