"""The numbers jaxtri is built on, and the one reader of any TOML or CSV file.

A name that a user gives is either the stem of a table in this folder or a path to a file of his own.
"""

import csv
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ValidationError

from jaxtri.errors import LONGEST, InputError, StorageError, shortened, unknown_name
from jaxtri.tables.fields import NAME

if TYPE_CHECKING:  # listing what is shipped must not wait for NumPy
    import numpy as np
    import numpy.typing as npt

FOLDER = Path(__file__).parent
SINGULAR = {"models": "model", "treatments": "treatment", "searches": "search"}
LARGEST = 256 * 1024  # bytes; the TOML parser is quadratic in dotted keys
NUMBER = re.compile(r"""["']?\s*[-+−]?\s*(?:\.?\d.*|nan|inf(?:inity)?)""", re.IGNORECASE)  # or meant as one
PATTERNS = {NAME: "give a name without / and \\, of more than dots and spaces"}  # in words
OTHER_UNIT = re.compile(r"(?:^|[\W_])([meEkMT]eV)\b")  # in the name of a column

Table = TypeVar("Table", bound=BaseModel)


def names(kind: str) -> list[str]:
    """Return the names of the tables of one kind ("models", "treatments", "searches"), sorted."""
    return sorted(path.stem for path in (FOLDER / kind).glob("*.toml"))


def locate(kind: str, name: str | Path, *, relative_to: Path | None = None) -> Path:
    """Return the path of a named table or of a user's file.

    Parameters
    ----------
    kind
        Folder of the shipped tables: "models", "treatments" or "searches".
    name
        Stem of a shipped table, or a path (it then ends in ``.toml`` or has a folder in it).
    relative_to
        Folder that a relative path starts from; the working directory by default.

    Raises
    ------
    InputError
        If there is no such table; the nearest names are given.
    """
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return (relative_to or Path()) / path
    if name not in names(kind):
        raise unknown_name(f"tables/{kind}", SINGULAR[kind], str(name), names(kind))
    return FOLDER / kind / f"{name}.toml"


def read_text(path: Path, where: str = "", *, what: str = "a table", largest: int = LARGEST) -> str:
    """Return the text of a small UTF-8 file, or raise with the path, or ``where`` it is, and the reason."""
    where = where or str(path)
    with _reading(path, where):
        if path.stat().st_size > largest:
            raise InputError(f"{where}: {path.stat().st_size} bytes; {what} has at most {largest}")
        return path.read_text(encoding="utf-8-sig")


@contextmanager
def _reading(path: Path, where: str) -> Iterator[None]:
    """Say where a file is that cannot be read, is not UTF-8 text, or has a name that is no path, and why."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{where}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from error
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{str(path)!r}: not a path ({error})") from error


def parse(text: str, where: str) -> dict[str, Any]:
    """Parse TOML text; ``where`` names it in the error."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{where}: not valid TOML: {error}") from error


def read(path: Path, schema: type[Table]) -> Table:
    """Read and check one TOML file."""
    return check(parse(read_text(path), short_name(path)), schema, short_name(path))


def check(data: Mapping[str, Any], schema: type[Table], where: str) -> Table:
    """Check data against a schema; every error is reported, each with its place and its value.

    Raises
    ------
    InputError
        With one sentence an error: file, dotted key, what was found, what is allowed.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        lines = [_sentence(where, detail, schema) for detail in error.errors()]
        raise InputError("\n".join(lines)) from None


def read_rows(path: Path, schema: type[Table]) -> list[Table]:
    """Read a CSV file with a header, and check every row; lines that start with # are comments.

    Raises
    ------
    InputError
        If the columns are not those of the schema, or a value is not allowed: line, column, what was found.
    """
    lines = [(n, line) for n, line in enumerate(read_text(path).splitlines(), 1) if not line.startswith("#")]
    numbers = [number for number, line in lines if line.strip()]
    columns = list(schema.model_fields)
    header, *rows = csv.reader([line for _, line in lines if line.strip()]) if numbers else [[]]
    if [name.strip() for name in header] != columns:
        raise InputError(
            f"{short_name(path)}: the columns are {','.join(header)[:LONGEST]}; give {','.join(columns)}, "
            "separated by commas, with decimal points"
        )
    found, name = [], short_name(path)
    for number, row in zip(numbers[1:], rows, strict=False):
        where = f"{name}: line {number}"
        if len(row) != len(columns):
            raise InputError(f"{where}: {len(row)} columns; give {len(columns)}: {','.join(columns)}")
        found.append(check(dict(zip(columns, (cell.strip() for cell in row), strict=True)), schema, where))
    return found


def read_columns(
    path: Path, *, positive: bool = False, ascending: bool = False
) -> "dict[str, npt.NDArray[np.float64]]":
    """Read a CSV file of numbers: one column of values a name; # starts a comment.

    A first line of numbers is no header: then columns are called "column 1", "column 2", ...

    Parameters
    ----------
    path
        The file.
    positive, ascending
        Whether all values must be positive; whether those of a column must ascend.

    Raises
    ------
    InputError
        If a value is no finite number, or not positive or above the one before where that is asked for, or
        the header does not name every column once, or in another unit.
    StorageError
        If the file cannot be read.
    """
    import numpy as np

    with _reading(path, str(path)), path.open(encoding="utf-8-sig") as file:
        lines = ((n, line) for n, line in enumerate(file, 1) if line.strip() and not line.startswith("#"))
        first, header = next(lines, (0, ""))
        names = [name.strip() for name in header.split(",")]
        rows = {number: line.split(",") for number, line in lines}
    if names != [""] and all(map(_is_number, names)):  # no header: all lines are values
        rows = {first: header.split(",")} | rows
        names = [f"column {i}" for i in range(1, len(names) + 1)]
    for name in names:
        if (match := OTHER_UNIT.search(name)) is not None:
            raise InputError(f"{path}: column {name!r} is in {match[1]}; masses and energies are read in GeV")
    if not all(names) or len(set(names)) < len(names) or not rows:
        found = shortened(header.strip())
        raise InputError(
            f"{path}: the first line is {found!r}; give a header that names every column once, and at least "
            "one row below it"
        )
    values = np.array([_numbers(path, number, row, len(names)) for number, row in rows.items()])
    lines_of = list(rows)
    for i, j in np.argwhere(values <= 0)[:1] if positive else ():
        raise InputError(f"{path}: line {lines_of[i]}: {names[j]} = {values[i, j]:g}; give positive numbers")
    for i, j in np.argwhere(np.diff(values, axis=0) <= 0)[:1] if ascending else ():
        raise InputError(
            f"{path}: line {lines_of[i + 1]}: {names[j]} = {values[i + 1, j]:g} follows {values[i, j]:g}; "
            "values ascend"
        )
    return dict(zip(names, values.T.copy(), strict=True))


def read_grid(
    path: Path,
) -> "tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]":
    """Read a CSV file of numbers over two axes: one down the first column, one along the header.

    Returns
    -------
    tuple
        The first column (M,), the header without its first cell (T,), both ascending, and the numbers
        (M, T), NaN where a cell is empty.

    Raises
    ------
    InputError
        If a cell is no number, a row has the wrong length, or an axis does not ascend.
    """
    import numpy as np

    lines = [(n, line) for n, line in enumerate(read_text(path).splitlines(), 1) if not line.startswith("#")]
    (number, header), *rows = [(n, line.split(",")) for n, line in lines if line.strip()] or [(1, [""])]
    across = _row_of_grid(path, number, header[1:], len(header) - 1)
    table = [_row_of_grid(path, number, row, len(header)) for number, row in rows]
    down = np.array([row[0] for row in table])
    if len(down) < 2 or len(across) < 2 or not (np.all(np.diff(down) > 0) and np.all(np.diff(across) > 0)):
        raise InputError(
            f"{short_name(path)}: give two axes that ascend: down the first column, in the header"
        )
    return down, np.array(across), np.array([row[1:] for row in table])


def _row_of_grid(path: Path, number: int, cells: list[str], count: int) -> list[float]:
    """Numbers of a line of a grid; NaN where a cell is empty."""
    try:
        values = [_float(cell) if cell.strip() else math.nan for cell in cells]
    except ValueError:
        values = []
    if len(values) != count:
        found = ",".join(cells)[:LONGEST]
        raise InputError(f"{short_name(path)}: line {number} is {found}; give {count} numbers or empty cells")
    return values


def _is_number(text: str) -> bool:
    """Whether a cell is a number, also where it is quoted, has a unit, or is written as in Fortran."""
    return NUMBER.fullmatch(text.strip()) is not None


def _float(text: str) -> float:
    """A number as others write it, without Python's underscores; a ValueError for anything else."""
    return float(text.replace("_", "no digit"))


def _numbers(path: Path, number: int, row: list[str], count: int) -> list[float]:
    """Finite numbers of a line of a table."""
    try:
        values = [_float(text) for text in row]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise InputError(
            f"{path}: line {number} is {','.join(row).strip()[:LONGEST]}; "
            f"give a finite number in each of {count} columns, which commas separate"
        )
    return values


def short_name(path: Path) -> str:
    """Return a path as the user knows it: shipped tables without the folder they are installed in."""
    return f"tables/{path.relative_to(FOLDER)}" if path.is_relative_to(FOLDER) else str(path)


def _sentence(where: str, detail: Any, schema: type[BaseModel]) -> str:
    """One pydantic error as a sentence of ours."""
    parts = [part for part in detail["loc"] if not str(part).startswith("<")]  # tags of alternatives
    place = ".".join(map(str, parts)) or "table"
    if detail["type"] == "extra_forbidden":
        *parents, key = parts
        return str(
            unknown_name(".".join([where, *map(str, parents)]), "key", str(key), _keys(schema, parents))
        )
    if detail["type"] == "missing":
        return f"{where}: {place} is missing; it is required"
    message = PATTERNS.get(detail.get("ctx", {}).get("pattern"), detail["msg"].removeprefix("Value error, "))
    if not parts:  # the whole file: the message names the keys that do not fit together
        return f"{where}: {message}"
    found = shortened(repr(detail["input"]))
    return f"{where}: {place} = {found}: {message[:1].lower()}{message[1:]}"


def _keys(schema: type[BaseModel], parents: list[Any]) -> list[str]:
    """Allowed keys of the (nested) table in which an unknown key was found."""
    for parent in parents:
        field = schema.model_fields.get(str(parent))
        further = get_type_hints(schema).get("__pydantic_extra__")  # of tables with names of the user's
        for kind in _models(field.annotation if field else further):
            schema = kind
    return list(schema.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Every schema named in a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]
