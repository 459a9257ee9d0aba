"""The errors of jaxtri: each says where, what was found and what is allowed, in one sentence."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

MOST_NAMES = 60  # that an error lists where there are near ones
LONGEST = 80  # characters of a wrong value that an error shows


class JaxtriError(Exception):
    """Any failure that jaxtri foresees; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class InputError(JaxtriError, ValueError):
    """A value, a name or a file of the user is not what it must be."""

    exit_code = 2


class StorageError(JaxtriError, OSError):
    """A file cannot be read or written."""

    exit_code = 4


class UnresolvedError(JaxtriError):
    """Work was finished and written, but for some of it."""

    exit_code = 3


class InterruptedScan(JaxtriError):
    """Work was stopped from outside; what was finished is kept, and the same command resumes."""

    exit_code = 75


def unknown_name(where: str, kind: str, name: Any, allowed: Iterable[str]) -> InputError:
    """Return the error for a name that is not in a list, with the nearest names first.

    Parameters
    ----------
    where
        File or argument that holds the name.
    kind
        What the name is, for example ``"model"``.
    name
        What was found in place of a name, usually text.
    allowed
        Every name that is allowed.
    """
    names, found = sorted(allowed), str(name)
    near = difflib.get_close_matches(found, names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else ""
    known = "" if near and len(names) > MOST_NAMES else f"known: {', '.join(names)}"
    return InputError(f'{where}: no {kind} "{shortened(found)}"; {" ".join(filter(None, (hint, known)))}')


def shortened(text: str) -> str:
    """Return the beginning of a text that is too long to be shown."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def gather(*steps: Callable[[], Any]) -> list[Any]:
    """Take every step, and raise all their input errors at once.

    Returns
    -------
    list
        What the steps return, in order.
    """
    results, messages = [], []
    for step in steps:
        try:
            results.append(step())
        except InputError as error:
            messages.append(str(error))
    if messages:
        raise InputError("\n".join(messages))
    return results
