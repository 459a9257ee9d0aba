"""What the figure of a scan shows, checked before anything is computed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtri.errors import InputError, unknown_name
from jaxtri.scans.schema import FigureChoice, OwnCurve
from jaxtri.tables.reader import read_columns


def checked_look(
    where: str, choice: FigureChoice, folder: Path, known: Mapping[str, Sequence[str]]
) -> FigureChoice:
    """Return the look of a figure with the full paths of its own curves.

    Parameters
    ----------
    where
        Name of the scan, for errors.
    choice
        As the scan file has it.
    folder
        Where paths begin.
    known
        Names of the scan, by "treatment" and "search".

    Raises
    ------
    InputError
        If a chosen treatment or search is not in the scan, or a curve is not one of positive numbers.
    """
    for kind, wanted in (("treatment", choice.treatments), ("search", choice.searches)):
        for name in wanted:
            if name not in known[kind]:
                raise unknown_name(f"{where}: figure", kind, name, known[kind])
    return choice.model_copy(update={"curves": checked_curves(choice.curves, folder)})


def checked_curves(curves: Sequence[OwnCurve], folder: Path) -> list[OwnCurve]:
    """Return curves of the user's with full paths.

    Raises
    ------
    InputError
        If a file does not hold the columns m_X [GeV] and g_X, of positive numbers.
    """
    placed = [one.model_copy(update={"file": str((folder / one.file).absolute())}) for one in curves]
    for one in placed:
        columns = read_columns(Path(one.file), positive=True)
        if set(columns) != {"m_X", "g_X"}:
            raise InputError(f"{one.file}: the columns are {', '.join(columns)}; a curve has m_X and g_X")
    return placed
