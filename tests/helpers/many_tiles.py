"""A scan of many tiles that takes a few seconds, and what is compared of its file."""

import h5py

TILES = 10
SPEC = """title = "many tiles"
model = "b_minus_l"
treatments = ["matched"]
arrays = ["status", "excluded", "leading", "g_X_range", "log10_ratio"]
searches.set = "printed"
searches.only = ["l3_1991_zgamma_ee", "na62_2022_kpi_mumu"]
axes.X_t = {values = [0.3, 0.4]}
axes.m_X = {min = 1e-3, max = 90.0, points = 40000, spacing = "log"}
axes.g_X = {min = 1e-9, max = 1.0, points = 2, spacing = "log"}
"""  # tiles of 8000 columns with four cells: they are many, and quick
NAME = "scan.toml"
OUTPUT = "scan_matched.h5"


def place(folder, text=SPEC):
    (folder / NAME).write_text(text)
    return folder


def stored(path):
    """Every dataset of a file but the texts, as bytes."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind != "O":
            found[name] = (item.dtype.str, item.shape, item[...].tobytes())

    with h5py.File(path, "r") as file:
        assert file.attrs["complete"]
        file.visititems(note)
    assert {"status", "excluded", "leading", "g_X_range", "log10_ratio", "m_X", "X_t"} <= found.keys()
    return found


def parts(folder):
    return folder / f"{OUTPUT}.parts"


def tile_files(folder):
    return sorted(parts(folder).glob("tile-*.tile"))
