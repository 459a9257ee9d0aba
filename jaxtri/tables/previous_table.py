"""Tables of couplings that earlier searches exclude, a row a mass, as users bring them."""

from pathlib import Path

from jaxtri.errors import InputError
from jaxtri.tables.reader import read_rows, short_name
from jaxtri.tables.schema import PreviousLimitRow

HEAVIEST = 1e3  # GeV; a mass above is one in MeV or keV
WIDEST_GAP = 1.3  # ratio of neighbouring masses beyond which a tabulated limit is two pieces

Piece = list[PreviousLimitRow]  # of one search, masses ascending


def read_previous_limits(path: Path) -> list[Piece]:
    """Return the pieces of a table of earlier limits; rows of a search stand together, masses ascend.

    Raises
    ------
    InputError
        If a row is wrong or out of order, a search has no two masses that belong together or stands in two
        places, or a mass looks like MeV.
    """
    name = short_name(path)
    pieces: list[Piece] = []
    for row in read_rows(path, PreviousLimitRow):
        _require_in_order(f'{name}: search "{row.search}", m_X = {row.m_X:g}', row, pieces)
        last = pieces[-1][-1] if pieces else row
        if not pieces or last.search != row.search or row.m_X / last.m_X >= WIDEST_GAP:
            pieces.append([])
        pieces[-1].append(row)
    joined = {piece[0].search for piece in pieces if len(piece) > 1}
    alone = [piece[0].search for piece in pieces if piece[0].search not in joined]
    if alone or not pieces:
        what = f'search "{alone[0]}": rows alone exclude nothing' if alone else "no rows"
        raise InputError(f"{name}: {what}; give masses of a search less than {WIDEST_GAP:g} times apart")
    return pieces


def _require_in_order(where: str, row: PreviousLimitRow, pieces: list[Piece]) -> None:
    """Raise where a row cannot follow those before it."""
    if row.m_X > HEAVIEST:
        raise InputError(f"{where}: masses are in GeV, up to {HEAVIEST:g}; is this one in MeV?")
    last = pieces[-1][-1] if pieces else None
    if last is not None and last.search == row.search:
        if row.m_X <= last.m_X:
            raise InputError(f"{where} stands below {last.m_X:g}; masses of a search ascend, each once")
    elif any(piece[0].search == row.search for piece in pieces):
        raise InputError(f"{where}: rows of this search stand in two places; put them together")
