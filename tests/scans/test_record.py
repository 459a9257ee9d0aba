"""Parts of a scan by name and value, and the whole as a dataset.  Oracle: the arrays themselves."""

import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.scans.arrays import ARRAYS, OF_A_MODEL

SPEC = {
    "title": "parts",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "curves": False,
    "arrays": ["all", "g_X_range"],
    "searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low", "l3_1991_zgamma_ee"]},
    "axes": {
        "m_t": {"values": [170.0, 173.0]},
        "m_X": {"min": 1e-3, "max": 10.0, "points": 5, "spacing": "log"},
        "g_X": {"min": 1e-8, "max": 1.0, "points": 3, "spacing": "log"},
    },
}


@pytest.fixture(scope="module")
def scan():
    return jaxtri.scan(SPEC)["matched"]


def test_sel_takes_labels_and_the_nearest_nodes(scan):
    part = scan.sel("log10_ratio", search="na62_2021_kpi_invisible_low", m_t=172.9, m_X=0.012)
    position = scan.header.axes["search"].index("na62_2021_kpi_invisible_low")
    np.testing.assert_array_equal(
        part, scan["log10_ratio"][position, 1, 1]
    )  # 0.01 GeV is the nearest in ln m_X
    np.testing.assert_array_equal(scan.sel("g_X_range", range_end="highest"), scan["g_X_range"][1])
    np.testing.assert_array_equal(scan.sel("width"), scan["width"])


def test_sel_of_a_file_is_that_in_memory(scan, tmp_path):
    (path,) = jaxtri.write_scan(SPEC, tmp_path / "scan.h5")
    stored = jaxtri.open_scan(path)
    np.testing.assert_array_equal(
        stored.sel("log10_br", channel="K+ -> pi+ X", g_X=1e-4),
        scan.sel("log10_br", channel="K+ -> pi+ X", g_X=1e-4),
    )


@pytest.mark.parametrize(
    ("name", "where", "message"),
    [
        ("width", {"search": "l3_1991_zgamma_ee"}, 'no dimension "search"; known: g_X, m_X, m_t'),
        ("log10_ratio", {"search": "l3_1991_zgamma_e"}, "did you mean l3_1991_zgamma_ee"),
        ("wide", {}, 'no stored array "wide"'),
        ("width", {"m_X": 20.0}, "m_X = 20.0: give a value from 0.001 to 10"),
        ("width", {"m_X": "heavy"}, "m_X = heavy: give a value"),
        ("width", {"m_X": None}, "m_X = None: give a value"),
        ("width", {"m_X": np.ones(2)}, "m_X = .1. 1..: give a value"),
    ],
)
def test_what_cannot_be_selected_is_named(scan, name, where, message):
    with pytest.raises(InputError, match=message):
        scan.sel(name, **where)


def test_a_dataset_has_names_units_and_every_value(scan):
    dataset = scan.to_xarray()
    assert set(dataset.data_vars) == set(OF_A_MODEL)
    for name in OF_A_MODEL:
        np.testing.assert_array_equal(dataset[name].values, scan[name])
        assert dataset[name].attrs["units"] == ARRAYS[name].units
    one = dataset["log10_br"].sel(channel="K+ -> pi+ X", m_t=170.0)
    np.testing.assert_array_equal(one, scan.sel("log10_br", channel="K+ -> pi+ X", m_t=170.0))
    assert dataset.attrs["treatment"] == "matched"


def test_without_xarray_it_says_what_to_install(scan, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(InputError, match=r"pip install 'jaxtri\[xarray\]'"):
        scan.to_xarray()


def test_an_index_that_an_array_does_not_have(scan, tmp_path):
    """The index is at fault, and not the file."""
    (path,) = jaxtri.write_scan(SPEC, tmp_path / "scan.h5")
    for one in (scan, jaxtri.open_scan(path)):
        with pytest.raises(InputError, match=r"part: status has the shape \(2, 5, 3\): index 99"):
            one.part("status", (0, 99))
