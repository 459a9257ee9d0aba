"""Boundaries as text that others read: CSV, HEPData, and the limit format of DarkCast.

Numbers are written so that reading them gives the same float.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from jaxtri.boundary.record import Boundaries, Curve
from jaxtri.errors import InputError

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
        files = hepdata_tables(boundaries, searches, sigma)
        return {f"{stem}_hepdata/{name}": text for name, text in files.items()}
    names = dict.fromkeys(one.search for one in boundaries.curves)
    return {f"{stem}_lmt/{name}.lmt": lmt_text(boundaries.of(name)) for name in names}


def csv_text(boundaries: Boundaries, sigma: Sequence[Sequence[float]] = ()) -> str:
    """Every vertex as a line of CSV.

    Parameters
    ----------
    boundaries
        What to write.
    sigma
        1 sigma of ln g_X at every vertex of every curve, one more column; NaN leaves it empty.
    """
    lines = [",".join([*COLUMNS, *(["sigma_ln_g_X"] if sigma else [])])]
    for number, curve in enumerate(boundaries.curves):
        for i in range(len(curve.m_X)):
            values = [curve.m_X[i], curve.g_X[i], curve.slope[i], curve.residual[i]]
            row = [curve.search, str(number), str(int(curve.closed)), *(repr(float(v)) for v in values)]
            if sigma:
                error = float(sigma[number][i])
                row.append("" if math.isnan(error) else repr(error))
            lines.append(",".join(row))
    return "\n".join(lines) + "\n"


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
    for number, curve in enumerate(boundaries.curves):
        label, name = labels[curve.search], f"{curve.search}_{number}.yaml"
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
                    "keywords": [{"name": "observables", "values": ["CLS"]}],
                    "data_file": name,
                }
            )
        )
    head = json.dumps({"comment": f"Exclusion boundaries, treatment {boundaries.treatment}"})
    return {"submission.yaml": "\n---\n".join([head, *documents]) + "\n"} | files


def _values(numbers: Any) -> list[dict[str, float]]:
    return [{"value": float(number)} for number in numbers]


def _with_errors(curve: Curve, sigma: Sequence[float]) -> list[dict[str, Any]]:
    """Couplings with the symmetric error that the inputs give them, where it is known."""
    values: list[dict[str, Any]] = list(_values(curve.g_X))
    for value, error in zip(values, sigma, strict=False):
        if not math.isnan(error):
            value["errors"] = [{"symerror": value["value"] * float(error), "label": "inputs"}]
    return values


def lmt_text(curves: Sequence[Curve]) -> str:
    """Mass, lower and upper limit on g_X of one search in DarkCast's columns.

    Parameters
    ----------
    curves
        Boundaries of one search; columns of masses with two edges give two limits, others one.

    Raises
    ------
    InputError
        If there is nothing to write.
    """
    if not curves:
        raise InputError("lmt: the search excludes nothing; there is no limit to write")
    lines = ["# mass [GeV], lower and upper limit on g_X (one column: excluded above)"]
    edges: dict[float, list[float]] = {}
    for curve in curves:
        for m_X, g_X in zip(curve.m_X.tolist(), curve.g_X.tolist(), strict=True):
            edges.setdefault(m_X, []).append(g_X)
    for m_X in sorted(edges):
        lines.append(" ".join(repr(value) for value in [m_X, *sorted(set(edges[m_X]))[:2]]))
    return "\n".join(lines) + "\n"
