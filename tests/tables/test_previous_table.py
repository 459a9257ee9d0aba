"""Tables of earlier limits that a user brings.  Oracle: the sentence that a wrong one deserves."""

import pytest

from jaxtri.errors import InputError
from jaxtri.tables.previous_table import read_previous_limits
from jaxtri.tables.reader import FOLDER

HEADER = "search,experiment,reference,kind,m_X,g_low,g_high"


def table(folder, *rows):
    path = folder / "prev.csv"
    path.write_text("\n".join([HEADER, *(f"{name},me,none,visible,{m},1e-5," for name, m in rows)]))
    return path


def test_rows_become_pieces(tmp_path):
    path = table(tmp_path, ("a", 0.1), ("a", 0.12), ("a", 0.2), ("a", 0.21), ("b", 0.1), ("b", 0.11))
    pieces = read_previous_limits(path)
    assert [[row.m_X for row in piece] for piece in pieces] == [[0.1, 0.12], [0.2, 0.21], [0.1, 0.11]]
    assert len(read_previous_limits(FOLDER / "previous_limits" / "b_minus_l.csv")) > 50


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 0.12), ("a", 0.1), ("a", 0.09)], "m_X = 0.1 stands below 0.12; masses of a search ascend"),
        ([("a", 0.1), ("a", 0.1)], "m_X = 0.1 stands below 0.1; masses of a search ascend, each once"),
        ([("a", 0.1), ("b", 0.1), ("b", 0.11), ("a", 0.11)], "rows of this search stand in two places"),
        ([("a", 0.1)], 'search "a": rows alone exclude nothing; give masses of a search less than 1.3 times'),
        ([("a", 0.1), ("a", 0.2), ("a", 0.4)], 'search "a": rows alone exclude nothing'),
        ([], "no rows; give masses"),
        ([("a", 9e4), ("a", 1e5)], "m_X = 90000: masses are in GeV, up to 1000; is this one in MeV?"),
    ],
)
def test_what_would_be_lost_is_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        read_previous_limits(table(tmp_path, *rows))
