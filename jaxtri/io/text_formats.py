"""Boundaries as text that others read: CSV, HEPData, and the limit format of DarkCast.

Numbers are written so that reading them gives the same float.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxtri.boundary.edge_table import SAME
from jaxtri.boundary.lengths import ENDS, LengthBand
from jaxtri.boundary.record import Boundaries, Curve, Region
from jaxtri.numerics.arrays import FloatArray

LONGEST = 100  # characters of the name of a search in that of a file
MEET = 1e-9  # ln g_X: intervals of neighbouring regions that overlap, or are this close, are one piece
LENGTH_COLUMNS = ("search", "flight", "over_used", "curve", "closed", "m_X_GeV", "g_X", "slope")
COLUMNS = ("search", "curve", "closed", "m_X_GeV", "g_X", "slope", "residual")


def texts(
    boundaries: Boundaries,
    searches: Sequence[Mapping[str, Any]],
    file_format: str,
    stem: str,
    sigma: Sequence[Sequence[float]] = (),
) -> dict[str, str]:
    """Return every file of a format ("csv", "hepdata", "lmt") by its name.

    ``sigma`` holds 1 sigma of ln g_X at every vertex of every curve, NaN where it is not known; CSV and
    HEPData take it.
    """
    if file_format == "csv":
        return {f"{stem}_boundaries.csv": csv_text(boundaries, sigma)}
    if file_format == "hepdata":
        files = hepdata_tables(boundaries, searches, sigma) if boundaries.curves else {}
        return {f"{stem}_hepdata/{name}": text for name, text in files.items()}
    return {f"{stem}_lmt/{name}": text for name, text in lmt_texts(boundaries.regions).items()}


def csv_text(boundaries: Boundaries, sigma: Sequence[Sequence[float]] = ()) -> str:
    """Every vertex as a line of CSV.

    Parameters
    ----------
    boundaries
        What to write.
    sigma
        1 sigma of ln g_X at every vertex of every curve, one more column; NaN leaves it empty.
    """
    content = io.StringIO()
    lines = csv.writer(content, lineterminator="\n")
    lines.writerow([*COLUMNS, *(["sigma_ln_g_X"] if sigma else [])])
    for number, curve in enumerate(boundaries.curves):
        for i in range(len(curve.m_X)):
            values = [curve.m_X[i], curve.g_X[i], curve.slope[i], curve.residual[i]]
            row = [curve.search, number, int(curve.closed), *(repr(float(v)) for v in values)]
            if sigma:
                error = float(sigma[number][i])
                row.append("" if math.isnan(error) else repr(error))
            lines.writerow(row)
    return content.getvalue()


def lengths_csv_text(bands: Sequence[LengthBand]) -> str:
    """Every vertex at the shortest and the longest flight as a line of CSV; `over_used`: over that in use."""
    content = io.StringIO()
    lines = csv.writer(content, lineterminator="\n")
    lines.writerow(LENGTH_COLUMNS)
    for band in bands:
        for name, over, curves in zip(ENDS, band.spread, band.curves, strict=True):
            for number, curve in enumerate(curves):
                for values in zip(curve.m_X, curve.g_X, curve.slope, strict=True):
                    known = [band.search, name, repr(float(over)), number, int(curve.closed)]
                    lines.writerow([*known, *(repr(float(v)) for v in values)])
    return content.getvalue()


def hepdata_tables(
    boundaries: Boundaries, searches: Sequence[Mapping[str, Any]], sigma: Sequence[Sequence[float]] = ()
) -> dict[str, str]:
    """Return the files of a HEPData submission by name; JSON, which is YAML too.

    Parameters
    ----------
    boundaries
        What to write.
    searches
        Labels of the searches, as a scan's header has them.
    sigma
        1 sigma of ln g_X at every vertex of every curve; becomes an error of g_X.
    """
    labels = {one["name"]: one for one in searches}
    files, documents = {}, []
    plain = _plain_names(curve.search for curve in boundaries.curves)
    for number, curve in enumerate(boundaries.curves):
        label, name = labels[curve.search], f"{plain[curve.search]}_{number}.yaml"
        qualifiers = [
            {"name": "TREATMENT", "value": boundaries.treatment},
            {"name": "CHANNEL", "value": label["channel"]},
            {"name": "FINAL STATE", "value": label["final_state"]},
            {"name": "CLOSED", "value": "yes" if curve.closed else "no"},
        ]
        table = {
            "independent_variables": [
                {"header": {"name": "M(X)", "units": "GEV"}, "values": _values(curve.m_X)}
            ],
            "dependent_variables": [
                {
                    "header": {"name": "g_X"},
                    "qualifiers": qualifiers,
                    "values": _with_errors(curve, sigma[number] if sigma else ()),
                }
            ],
        }
        files[name] = json.dumps(table, indent=1)
        documents.append(
            json.dumps(
                {
                    "name": f"{curve.search} {number}",
                    "location": label["reference"],
                    "description": f"Boundary of what {label['title']} excludes",
                    "keywords": [{"name": "phrases", "values": ["exclusion boundary"]}],
                    "data_file": name,
                }
            )
        )
    head = json.dumps({"comment": f"Exclusion boundaries, treatment {boundaries.treatment}"})
    return {"submission.yaml": "\n---\n".join([head, *documents]) + "\n"} | files


def _plain_names(searches: Iterable[str]) -> dict[str, str]:
    """Parts of file names that every archive takes by search; no two are alike, whatever the case."""
    found: dict[str, str] = {}
    for search in dict.fromkeys(searches):
        plain = re.sub(r"[^A-Za-z0-9_.+-]+", "_", search).lstrip(".")[:LONGEST] or "search"
        taken, name, number = {one.lower() for one in found.values()}, plain, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        found[search] = name
    return found


def _values(numbers: Any) -> list[dict[str, float]]:
    return [{"value": float(number)} for number in numbers]


def _with_errors(curve: Curve, sigma: Sequence[float]) -> list[dict[str, Any]]:
    """Couplings with the symmetric error that the inputs give them, where it is known."""
    values: list[dict[str, Any]] = list(_values(curve.g_X))
    for value, error in zip(values, sigma, strict=False):
        if error > 0:  # neither unknown nor 0: the archive takes no error of 0
            value["errors"] = [{"symerror": value["value"] * float(error), "label": "inputs"}]
    return values


def lmt_texts(regions: Sequence[Region]) -> dict[str, str]:
    """Limits in DarkCast's columns, mass, lower and upper coupling, by file name: one connected piece each.

    A search has as many pieces as its regions have: where it excludes two ranges of couplings at a mass the
    second one is a piece of its own, and nothing is said of masses between two pieces.  At a tip lower and
    upper coupling agree; where a region is open upwards its upper coupling is the end of the axis of
    g_X, and no edge.  Where the
    limit jumps, at a threshold, the second of two equal masses is the next larger float.
    """
    found = {}
    for search, plain in _plain_names(one.search for one in regions).items():
        for number, piece in enumerate(_pieces([one for one in regions if one.search == search]), start=1):
            rows = [" ".join(map(repr, row)) for row in piece.rows()]
            found[f"{plain}_{number}.lmt"] = "\n".join(["# mass lower upper", *rows]) + "\n"
    return found


@dataclass
class _Piece:
    """Neighbouring regions that meet: masses, lower and upper couplings, region after region."""

    m_X: list[float]
    lower: list[float]
    upper: list[float]

    def meets(self, m_X: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
        """Whether a region goes on where this piece ends."""
        near = math.exp(MEET)
        touches = lower[0] <= self.upper[-1] * near and self.lower[-1] <= upper[0] * near
        return bool(abs(m_X[0] / self.m_X[-1] - 1) < SAME and touches)

    def rows(self) -> list[tuple[float, float, float]]:
        """Rows with ascending masses, each once."""
        rows = list(dict.fromkeys(zip(self.m_X, self.lower, self.upper, strict=True)))
        for i in range(1, len(rows)):
            rows[i] = (max(rows[i][0], math.nextafter(rows[i - 1][0], math.inf)), *rows[i][1:])
        return rows


def _pieces(regions: Sequence[Region]) -> list[_Piece]:
    """Join the regions of one search from left to right; each goes on in one other at most."""
    found: list[_Piece] = []
    for m_X, lower, upper in sorted((one.edges for one in regions), key=lambda edges: float(edges[0][0])):
        going_on = [one for one in found if one.meets(m_X, lower, upper)]
        if going_on:
            piece = min(going_on, key=lambda one: abs(math.log(one.lower[-1] / lower[0])))
        else:
            piece = _Piece([], [], [])
            found.append(piece)
        for values, more in ((piece.m_X, m_X), (piece.lower, lower), (piece.upper, upper)):
            values.extend(np.asarray(more).tolist())
    return found
