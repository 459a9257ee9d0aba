"""Relic lines and the muon's band of a scan: in memory, in a file, in a picture, as densities on the grid.

Oracles: the functions of one point; the arrays that were written; the artists of a panel.
"""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from jaxtri import load_moment_shift, omega_h2, open_scan, relic_couplings, scan, write_scan
from jaxtri.cli.pictures import plot
from jaxtri.errors import InputError
from jaxtri.figures.favoured import DEEP_ORANGE, ORANGE, legend_entries, sentences
from jaxtri.figures.figure import draw_scans
from jaxtri.figures.plane_words import caption
from jaxtri.physics.muon_g2 import delta_a
from jaxtri.scans import favoured_lines
from jaxtri.scans.favoured_lines import CLOSEST, line_masses
from jaxtri.scans.spec import load_spec

CHI = {"m_chi": 0.005, "x_N": 5, "temperature": "common"}
SPEC = {
    "title": "small",
    "model": "b3_minus_l2",
    "treatments": ["matched"],
    "searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low"]},
    "dark_matter": [CHI],
    "muon_g2": {"data": "2023", "sigmas": 2},
    "axes": {
        "m_X": {"min": 4e-3, "max": 0.04, "points": 5, "spacing": "log"},
        "g_X": {"min": 1e-5, "max": 1e-2, "points": 4, "spacing": "log"},
    },
    "arrays": ["all", "omega_h2"],
    "curves": False,
    "precision": "float64",
}
GRID = 1e-6  # of a density: the same function on a plane, by another order of summation
ROUNDING = 1e-12


@pytest.fixture(scope="module", autouse=True)
def fewer_masses():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(favoured_lines, "EVEN", 24)
        patch.setattr(favoured_lines, "NEAR", 12)
        yield


@pytest.fixture(scope="module")
def small():
    return scan(SPEC)["matched"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("favoured") / "small.h5"
    write_scan(SPEC, path)
    return path


def test_line_is_solved_at_its_masses(small):
    (line,) = small.favoured.relic
    spec = load_spec(SPEC)
    some = slice(None, None, 10)
    expected = relic_couplings(spec.sm, spec.model, spec.dark_matter[0], line.m_X[some])
    np.testing.assert_allclose(line.g_X[some], expected, rtol=ROUNDING)
    assert line.label == "m_chi = 5 MeV, x_N = 5, common"


def test_masses_are_dense_at_the_pole_and_never_on_it():
    m_X = line_masses(4e-3, 0.04, 0.005)
    ratio = m_X / 0.01 - 1
    assert CLOSEST / 2 < np.abs(ratio).min() < 2 * CLOSEST
    assert (np.abs(ratio) < 0.01).sum() > 8
    assert m_X[0] == 4e-3
    np.testing.assert_allclose(m_X[-1], 0.04, rtol=ROUNDING)


def test_doubtful_piece_is_marked(small):
    (line,) = small.favoured.relic
    np.testing.assert_array_equal(line.equilibrium_assumed, (line.m_X > 0.010) & (line.m_X < 0.014))
    assert line.equilibrium_assumed.any()


def test_band_has_the_shifts_of_its_edges(small):
    spec, band, shift = load_spec(SPEC), small.favoured.muon, load_moment_shift("2023")
    for edge, sign in ((band.lowest, -1), (band.highest, 1)):
        at_edge = delta_a(spec.sm, spec.model, band.m_X, edge)
        np.testing.assert_allclose(at_edge, shift.value + sign * 2 * shift.error, rtol=ROUNDING)
    assert band.prefers_X


def test_densities_are_those_of_points(small):
    spec = load_spec(SPEC)
    assert small["omega_h2"].shape == (1, 5, 4)
    one = omega_h2(spec.sm, spec.model, spec.dark_matter[0], small["m_X"][1], small["g_X"][2])
    np.testing.assert_allclose(small["omega_h2"][0, 1, 2], one, rtol=GRID)
    assert np.isfinite(small["omega_h2"]).all()


def test_file_holds_what_memory_holds(small, stored):
    found = open_scan(stored)
    np.testing.assert_array_equal(found["omega_h2"], small["omega_h2"])
    assert found.header.axes["dark_matter"] == ("m_chi = 0.005, x_N = 5, common",)
    for kept, known in (
        (found.favoured.muon, small.favoured.muon),
        (found.favoured.relic[0], small.favoured.relic[0]),
    ):
        for field in dataclasses.fields(known):
            np.testing.assert_array_equal(getattr(kept, field.name), getattr(known, field.name))
    assert found.header.configuration["muon_g2"]["data"] == "2023"


def test_plot_needs_no_computation(stored, tmp_path, monkeypatch, in_process):
    monkeypatch.setattr("jaxtri.physics.relic.relic_lines.relic_couplings", None)
    code, said, _ = in_process(tmp_path, "plot", stored, "-o", "picture", "--caption", "--palette", "blue")
    assert code == 0
    assert "Black, solid: Omega h^2 = 0.12 for m_chi = 5 MeV, x_N = 5, common temperature." in said
    assert plot.__module__ == "jaxtri.cli.pictures"


def test_picture_has_band_line_and_dots(small):
    axes = draw_scans({"matched": small}, title="small").axes[0]
    dashes = {line.get_linestyle() for line in axes.lines if to_hex(line.get_color()) == "#000000"}
    assert dashes == {"-", ":"}
    assert ORANGE in {to_hex(one.get_facecolor()[0]) for one in axes.collections if len(one.get_facecolor())}
    solid, dotted = (next(x for x in axes.lines if x.get_linestyle() == style) for style in "-:")
    crossing = np.isfinite(solid.get_ydata()) & np.isfinite(dotted.get_ydata())
    assert crossing.any()  # the pieces meet
    texts = " ".join(one.get_text() for one in axes.get_legend().get_texts())
    assert "kinetic equilibrium assumed" in texts
    assert "favoured" in texts


def test_todays_data_are_a_limit_in_picture_and_caption(small):
    shift = load_moment_shift("2025")
    band = dataclasses.replace(small.favoured.muon, data="2025", value=shift.value, error=shift.error)
    today = dataclasses.replace(small, favoured=dataclasses.replace(small.favoured, muon=band))
    assert not band.prefers_X
    axes = draw_scans({"matched": today}, title="today").axes[0]
    assert DEEP_ORANGE in {to_hex(line.get_color()) for line in axes.lines}
    assert ORANGE not in {
        to_hex(one.get_facecolor()[0]) for one in axes.collections if len(one.get_facecolor())
    }
    assert "prefers no X" in caption({"matched": today})
    assert "favours" in caption({"matched": small})


def test_nothing_is_said_without_lines(small):
    bare = dataclasses.replace(small.favoured, relic=(), muon=None)
    assert legend_entries(bare) == sentences(bare) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dark_matter": []}, '"omega_h2" needs dark matter'),
        ({"dark_matter": [CHI, CHI]}, "more than once"),
        ({"muon_g2": {"data": "2022", "sigmas": 2}}, "2021, 2023, 2025"),
        ({"muon_g2": {"data": "2023", "sigmas": 0}}, "sigmas"),
        ({"muon_g2": {"data": "2023"}}, "sigmas"),
        ({"axes": SPEC["axes"] | {"m_t": {"values": [170.0, 172.0]}}}, "leave out the one or the other"),
    ],
)
def test_wrong_files_are_refused_before_work(change, said):
    with pytest.raises(InputError, match=said):
        load_spec(SPEC | change)


def test_a_scan_without_lines_is_what_it_was():
    plain = {k: v for k, v in SPEC.items() if k not in ("dark_matter", "muon_g2", "arrays")}
    spec = load_spec(plain)
    assert not spec.has_favoured
    assert not {"dark_matter", "muon_g2"} & set(spec.configuration(spec.treatments[0]))
    assert "omega_h2" not in spec.arrays
