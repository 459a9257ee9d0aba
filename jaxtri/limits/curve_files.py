"""Files of limit curves as named columns of numbers: CSV, HEPData's YAML and CSV, DarkCast's .lmt.

What a digitiser or a spreadsheet leaves in a file is mended where it can mean one thing only: a byte-order
mark, semicolons or tabs, decimal commas between them, `%` behind a number, an empty cell for "no limit".
"""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jaxtri.errors import InputError, unknown_name
from jaxtri.numerics.arrays import FloatArray
from jaxtri.tables.curve_schema import CurveKeys
from jaxtri.tables.reader import check, parse, read_text

LARGEST = 16 * 1024**2  # bytes
NO_LIMIT = 1e5  # of DarkCast: at this value and above there is no limit
NOTHING = {"", "-", "nan", "inf", "none", "n/a"}  # cells without a limit
NUMBER = r"[+-]?(?:\d+[.]?\d*|[.]\d+)(?:[eE][+-]?\d+)?"
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
KEY = re.compile(r"#\s*([A-Za-z_]\w*)\s*=\s*(\S.*)")  # of the head of a file
INSTALL = "reading YAML needs PyYAML: pip install jaxtri[hepdata]"


@dataclass(frozen=True)
class CurveColumns:
    """Numbers of a file, one column a name; NaN where a cell is empty."""

    where: str  # the file, as errors name it
    names: tuple[str, ...]  # with units; empty without a header
    values: FloatArray  # (row, column)
    rows: tuple[str, ...]  # where each row stands, such as "line 7"
    keys: dict[str, Any] = field(default_factory=dict)  # at the head of the file

    def place(self, row: int, column: int | None = None) -> str:
        """Where a number stands: file, row and, if given, column."""
        at = f"{self.where}: {self.rows[row]}"
        return at if column is None else f"{at}, column {column + 1}"


def read_curve_columns(path: Path, where: str) -> CurveColumns:
    """Return the columns of a file, whatever its format.

    Parameters
    ----------
    path
        The file; its ending tells YAML (``.yaml``, ``.yml``) and DarkCast's columns (``.lmt``) from CSV.
    where
        What errors call it.

    Raises
    ------
    InputError
        If the file is none of these formats: line, column, what was found, what is allowed.
    StorageError
        If it cannot be read.
    """
    text = read_text(path, where, what="a limit curve", largest=LARGEST)
    ending = path.suffix.lower()
    if ending in (".yaml", ".yml"):
        return _of_yaml(text, where)
    columns = curve_columns_of(text, where)
    return _of_darkcast(columns) if ending == ".lmt" else columns


def curve_columns_of(text: str, where: str) -> CurveColumns:
    """Return the columns of CSV with or without header; comments of the form `# key = value` are its keys."""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    keys = _keys([(n, line) for n, line in lines if line.startswith("#")], where)
    kept = [(n, line) for n, line in lines if line.strip(",; \t") and not line.startswith("#")]
    if not kept:
        raise InputError(f"{where}: holds no numbers; give rows of m_X [GeV] and limit")
    cells = dict(zip((n for n, _ in kept), _cells([line for _, line in kept]), strict=True))
    first, header = next(iter(cells.items()))
    named = not all(map(_is_number, header))
    names = tuple(header) if named else ()
    blocks = [number for number, row in cells.items() if row[0] == header[0]] if names else [first]
    if len(blocks) > 1:  # HEPData: one block for each dependent variable
        return _joined([_numbers(block, where) for block in _split(cells, blocks)], keys)
    numbers = _numbers(cells, where) if names else _numbers({0: [], **cells}, where)
    return CurveColumns(where, names, numbers.values, numbers.rows, keys)


def _keys(comments: list[tuple[int, str]], where: str) -> dict[str, Any]:
    """Keys at the head of a file, checked: values as in TOML, or bare text."""
    found: dict[str, Any] = {}
    for number, line in comments:
        match = KEY.fullmatch(line)
        if match is None:
            continue
        key, text = match[1], match[2].strip()
        if key not in CurveKeys.model_fields:
            raise unknown_name(f"{where}: line {number}", "key", key, CurveKeys.model_fields)
        if key in found:
            raise InputError(f"{where}: line {number}: {key} is given twice; leave one out")
        try:
            found[key] = parse(f"{key} = {text}", where)[key]
        except InputError:
            found[key] = text
    return check(found, CurveKeys, where).model_dump(exclude_unset=True)


def _cells(lines: Sequence[str]) -> list[list[str]]:
    """Cells of every line; what stands between them is seen from the first line of numbers."""
    sample = next((line for line in lines if re.match(r"[\d.+-]", line)), lines[0])
    parts = sample.split()
    spaced = len(parts) > 1 and all(re.fullmatch(NUMBER, part.replace(",", ".")) for part in parts)
    mark = next((one for one in ";\t" if one in sample), " " if spaced or "," not in sample else ",")
    if mark == " ":
        rows = [line.split() for line in lines]
    else:
        rows = [[cell.strip() for cell in next(csv.reader([line], delimiter=mark))] for line in lines]
    while all(len(row) > 1 and not row[-1] for row in rows):  # a mark at the end of every line
        rows = [row[:-1] for row in rows]
    if mark == ",":
        return rows
    return [
        [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in row] for row in rows
    ]


def _is_number(cell: str) -> bool:
    return _number(cell) is not None


def _number(cell: str) -> float | None:
    """Value of a cell, NaN for no limit; None for anything else."""
    if cell.lower() in NOTHING:
        return math.nan
    percent = cell.endswith("%")
    try:
        value = float(cell.rstrip("% ") if percent else cell)
    except ValueError:
        return None
    return value / 100 if percent else value


def _numbers(cells: dict[int, list[str]], where: str) -> CurveColumns:
    """Values of a block of lines, the first of which is its header, empty where it has none."""
    (_, header), *rows = cells.items()
    if not rows:
        raise InputError(f"{where}: holds no numbers; give rows of m_X [GeV] and limit")
    width = len(header) or len(rows[0][1])
    values = np.empty((len(rows), width))
    for i, (number, row) in enumerate(rows):
        if len(row) != width:
            hint = "; decimal commas need semicolons between the columns" if len(row) > width else ""
            raise InputError(f"{where}: line {number} has {len(row)} columns; give {width} as above{hint}")
        try:
            values[i] = [float(cell) for cell in row]
        except ValueError:
            values[i] = [_cell(where, number, j, cell) for j, cell in enumerate(row)]
    values[~np.isfinite(values)] = np.nan
    return CurveColumns(where, tuple(header), values, tuple(f"line {number}" for number, _ in rows))


def _cell(where: str, number: int, column: int, cell: str) -> float:
    value = _number(cell)
    if value is None:
        raise InputError(
            f"{where}: line {number}, column {column + 1} is {cell[:40]!r}; "
            "give a number with a decimal point, or nothing where there is no limit"
        )
    return value


def _split(cells: dict[int, list[str]], starts: list[int]) -> list[dict[int, list[str]]]:
    """Blocks of lines that begin at the given ones."""
    ends = [*starts[1:], max(cells) + 1]
    return [
        {number: row for number, row in cells.items() if start <= number < end}
        for start, end in zip(starts, ends, strict=True)
    ]


def _joined(blocks: list[CurveColumns], keys: dict[str, Any]) -> CurveColumns:
    """Blocks side by side: what the first one has already is left out."""
    one, *others = blocks
    names, values = [*one.names], [one.values]
    for other in others:
        shared = [name for name in other.names if name in one.names]
        new = [i for i, name in enumerate(other.names) if name not in names]
        if len(new) + len(shared) < len(other.names) or not new or not _agree(one, other, shared):
            raise InputError(f"{other.place(0)} begins a second table with other rows; give one table a file")
        names += [other.names[i] for i in new]
        values.append(other.values[:, new])
    return CurveColumns(one.where, tuple(names), np.hstack(values), one.rows, keys)


def _agree(one: CurveColumns, other: CurveColumns, shared: list[str]) -> bool:
    """Whether the columns that two tables share hold the same numbers."""
    first, second = (table.values[:, [table.names.index(name) for name in shared]] for table in (one, other))
    return np.array_equal(first, second, equal_nan=True)


def _of_darkcast(columns: CurveColumns) -> CurveColumns:
    """Mass and limit without header; a column of upper edges belongs to couplings, not to a limit."""
    values = np.where(columns.values >= NO_LIMIT, np.nan, columns.values)
    if columns.names or values.shape[1] not in (2, 3):
        raise InputError(
            f"{columns.where}: a .lmt file holds two columns, mass [GeV] and limit, and no header"
        )
    for row, upper in enumerate(values[:, 2] if values.shape[1] == 3 else []):
        if not np.isnan(upper):
            raise InputError(
                f"{columns.place(row, 2)} is {upper:g}, an upper edge of excluded couplings; a search takes "
                "limits on branching ratios"
            )
    return CurveColumns(columns.where, ("m_X [GeV]", "limit"), values[:, :2], columns.rows, columns.keys)


def _of_yaml(text: str, where: str) -> CurveColumns:
    """HEPData: independent and dependent variables as columns."""
    try:
        import yaml
    except ImportError as error:
        raise InputError(f"{where}: {INSTALL}") from error
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f": line {mark.line + 1}" if mark else ""
        raise InputError(f"{where}{at}: not one document of YAML; name one of the data files") from error
    keys = ("independent_variables", "dependent_variables")
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) and data[key] for key in keys):
        raise InputError(f"{where}: is no HEPData table; it holds {' and '.join(keys)}")
    variables = [*((one, True) for one in data[keys[0]]), *((one, False) for one in data[keys[1]])]
    names, columns = [], []
    for variable, independent in variables:
        names.append(_variable_name(variable, where))
        columns.append(_variable_values(variable, independent, where, names[-1]))
    if len({len(column) for column in columns}) > 1 or not columns[0]:
        counts = ", ".join(f"{name} {len(column)}" for name, column in zip(names, columns, strict=True))
        raise InputError(f"{where}: variables of different lengths, or empty ({counts})")
    rows = tuple(f"value {n}" for n in range(1, len(columns[0]) + 1))
    return CurveColumns(where, tuple(names), np.array(columns).T, rows)


def _variable_name(variable: Any, where: str) -> str:
    """Name, unit and qualifiers of a HEPData variable, as the head of a column."""
    header = variable.get("header") if isinstance(variable, dict) else None
    if not isinstance(header, dict) or not isinstance(variable.get("values"), list):
        raise InputError(f"{where}: a variable of a HEPData table has a header and values")
    unit = header.get("units")
    return f"{header.get('name', '')} [{unit}]" if unit else str(header.get("name", ""))


def _variable_values(variable: Any, independent: bool, where: str, name: str) -> list[float]:
    """Values of a HEPData variable; the middle of a bin."""
    found: list[float] = []
    for n, entry in enumerate(variable["values"], 1):
        given = entry if isinstance(entry, dict) else {"value": entry}
        if "value" in given:
            value = _number(str(given["value"]))
        else:
            low, high = (_number(str(given.get(end))) for end in ("low", "high"))
            value = None if low is None or high is None else (low + high) / 2
        if value is None or (independent and math.isnan(value)):
            found_here = str(given.get("value", entry))[:40]
            raise InputError(f"{where}: value {n} of {name} is {found_here}; give a number")
        found.append(value if math.isfinite(value) else math.nan)
    return found
