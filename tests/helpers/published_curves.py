"""Shipped limit curves as their files hold them, read by the csv module."""

import csv

import numpy as np

from jaxtri.tables.reader import FOLDER

SHIPPED = sorted(path.stem for path in (FOLDER / "curves").glob("*.csv"))
HOLES = {  # beside empty cells
    "lhcb_2015_b0_kstar0_mumu": [(2.912, 3.212), (3.608, 3.875)],
    "lhcb_2017_bplus_kplus_mumu": [(0.380267, 0.497076), (2.92747, 3.1976), (3.57209, 3.86689)],
    "na62_2025_kpi_invisible": [(0.109737, 0.154444)],
    "e949_2009_kpi_invisible": [(0.115, 0.151111)],
}
LAST = {"bplus": 4.775, "b0": 4.375}  # GeV; the rows of Belle II above do not count


def table(name):
    """Masses [GeV], u = ln(lifetime / ps + shift), ln of the limit on the whole signal, and the shift."""
    lines = (FOLDER / "curves" / f"{name}.csv").read_text().splitlines()
    head, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    tau = np.array([float(cell.removeprefix("tau_ps=")) for cell in head[1:]])
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    if name.startswith("belle2"):
        values = values[values[:, 0] < LAST[name.split("_")[2].removesuffix("kplus")]]
    if name.startswith("lhcb_2017"):
        tau = np.sqrt(tau * np.append(tau[1:], tau[-1] ** 2 / tau[-2]))
    factor = 2 / 3 if name.startswith("belle2_2023_b0") else 1.0
    shift = 100.0 if name == "na62_2025_kpi_mumu" else 0.0
    return values[:, 0], np.log(tau + shift), np.log(values[:, 1:] / factor), shift
