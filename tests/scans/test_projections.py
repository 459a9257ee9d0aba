"""Projections: drawn dashed, and in nothing that is excluded.

Oracle: the same scan without them, bit for bit; their own couplings from the same file as a limit.
"""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

import jaxtri
from jaxtri import scan
from jaxtri.cli.text import point_text
from jaxtri.errors import InputError
from jaxtri.figures.figure import draw_scans
from jaxtri.figures.page import page_of
from jaxtri.figures.panels import PALETTES
from jaxtri.figures.plane_words import caption
from jaxtri.figures.selection import chosen
from jaxtri.io import hdf5_scan
from jaxtri.scans.point import projected_couplings
from jaxtri.scans.schema import FigureChoice

LATER = """
title       = "an invented search"
experiment  = "Later"
channel     = "K+ -> pi+ X"
final_state = "invisible"
kind        = "projection"
limit       = 1e-12
confidence  = 0.90
m_X         = [0.0, 0.100]
escape      = {length_m = 100.0, beta_gamma_parent = 152.0, locator = "invented"}
reference   = "none: later"
locator     = "none: invented"
bibtex      = "@misc{Later}"
"""
SMALL = {
    "title": "small",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "arrays": ["all", "g_X_range"],
    "searches": {"set": "corrected", "only": ["na62_2021_kpi_invisible_low", "l3_1997_zgamma_invisible"]},
    "axes": {
        "m_X": {"min": 1e-2, "max": 1.0, "points": 21, "spacing": "log"},
        "g_X": {"min": 1e-7, "max": 1e-1, "points": 31, "spacing": "log"},
    },
}
MASS = 0.05


def with_file(folder, kind):
    """The scan with the invented search as a projection or as a limit."""
    path = folder / kind / "later.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(LATER.replace('"projection"', f'"{kind}"'))
    searches = SMALL["searches"] | {"files": [str(path)], "only": [*SMALL["searches"]["only"], "later"]}
    return SMALL | {"searches": searches}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("later")


@pytest.fixture(scope="module")
def without():
    return scan(SMALL)["matched"]


@pytest.fixture(scope="module")
def projected(folder):
    return scan(with_file(folder, "projection"))["matched"]


def same(one, other):
    """Whether two records hold the same numbers, bit for bit."""
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other, equal_nan=True) if isinstance(one, np.ndarray) else one == other


def test_nothing_that_is_excluded_changes(without, projected, folder):
    assert set(projected.arrays) == set(without.arrays)
    for name in without.arrays:
        assert projected[name].tobytes() == without[name].tobytes(), name
    assert projected.header.searches == without.header.searches
    found = dataclasses.replace(projected.boundaries, projections=())
    assert same(found, without.boundaries)
    assert jaxtri.compare({"matched": projected}) == jaxtri.compare({"matched": without})
    point = jaxtri.point(with_file(folder, "projection"), MASS, 1e-5)["matched"]
    assert dataclasses.replace(point, projected=()) == jaxtri.point(SMALL, MASS, 1e-5)["matched"]
    couplings = jaxtri.excluded_couplings(with_file(folder, "projection"), MASS)
    assert couplings == jaxtri.excluded_couplings(SMALL, MASS)
    assert projected.header.fingerprint != without.header.fingerprint  # it is another scan


def test_a_limit_would_change_it(without, folder):  # so the test above is able to fail
    limited = scan(with_file(folder, "limit") | {"curves": False})["matched"]
    for name in ("excluded", "g_X_range"):
        assert limited[name].tobytes() != without[name].tobytes()
    excluded = jaxtri.point(with_file(folder, "limit"), MASS, 1e-4)["matched"].excluded_by
    assert "later" in excluded
    assert "later" not in jaxtri.point(with_file(folder, "projection"), MASS, 1e-4)["matched"].excluded_by


def test_a_projection_has_the_curve_of_a_limit(projected, folder):
    (curve,) = projected.boundaries.projections
    assert curve.search == "later"
    assert curve.residual.max() < 1e-10
    [(low, _)] = jaxtri.excluded_couplings(with_file(folder, "limit"), MASS)["matched"]["later"]
    order = np.argsort(curve.m_X)
    drawn = np.exp(np.interp(np.log(MASS), np.log(curve.m_X[order]), np.log(curve.g_X[order])))
    np.testing.assert_allclose(drawn, low, rtol=2e-4)  # straight between vertices


def dashed(axes):
    lines = [one for one in axes.collections if isinstance(one, LineCollection)]
    return [one for one in lines if one.get_linestyle()[0][1] is not None]


@pytest.mark.parametrize("style", ["regions", "curves"])
def test_it_is_dashed_and_named(projected, without, style):
    look = FigureChoice(style=style)
    [axes] = draw_scans({"matched": projected}, title="t", look=look).axes
    [plain] = draw_scans({"matched": without}, title="t", look=look).axes
    more = dashed(axes)[-1]
    assert len(dashed(axes)) == len(dashed(plain)) + 1
    assert len(axes.patches) == len(plain.patches)
    assert to_hex(more.get_edgecolor()[0]) == PALETTES["okabe-ito"]["K"].edge
    ends = projected.boundaries.projections[0].g_X[[0, -1]]
    np.testing.assert_array_equal(more.get_segments()[0][[0, -1], 1], ends)
    patterns = {tuple(one.get_linestyle()[0][1]) for one in dashed(axes)}
    assert len(patterns) == len(dashed(axes))  # no group looks like a projection
    assert "Later invisible, projection" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert "Dashed: projections, which exclude nothing yet: Later invisible [none: later]." in caption(
        {"matched": projected}
    )


def test_it_can_be_chosen_and_left_out(projected):
    one = chosen({"a": projected}, ["later"], [])["a"]
    assert not one.boundaries.curves
    assert len(one.boundaries.projections) == 1
    none = chosen({"a": projected}, ["na62_2021_kpi_invisible_low"], [])["a"]
    assert not none.boundaries.projections
    assert "later" in page_of({"a": projected}, title="t")
    assert '"later"' not in page_of({"a": none}, title="t")


def test_it_is_kept_in_files(projected, tmp_path):
    path = tmp_path / "kept.h5"
    hdf5_scan.write_curves(path, projected.header, projected.boundaries)
    read = jaxtri.open_scan(path)
    assert same(read.boundaries, projected.boundaries)
    assert [one["kind"] for one in read.header.projections] == ["projection"]
    assert hdf5_scan.verify(path) > 0


def test_limit_marks_it(folder, tmp_path, in_process):
    spec = with_file(folder, "projection")
    text = "\n".join(
        ['title = "t"', 'model = "b_minus_l"', 'treatments = ["matched"]', "[searches]", 'set = "corrected"',
         f"only = {json.dumps(spec['searches']['only'])}", f"files = {json.dumps(spec['searches']['files'])}",
         "[axes]", 'm_X = {min = 1e-2, max = 1.0, points = 2, spacing = "log"}',
         'g_X = {min = 1e-7, max = 1e-1, points = 2, spacing = "log"}']
    )  # fmt: skip
    (tmp_path / "s.toml").write_text(text)
    [(low, _)] = jaxtri.excluded_couplings(with_file(folder, "limit"), MASS)["matched"]["later"]
    code, out, _ = in_process(tmp_path, "limit", "s.toml", "--m-X", MASS)
    assert code == 0
    assert out.splitlines()[-1].split(maxsplit=1) == [
        "later", f"projection, not counted: would exclude g_X > {low:.6g}"
    ]  # fmt: skip
    found = json.loads(in_process(tmp_path, "limit", "s.toml", "--m-X", MASS, "--json")[1])
    assert found["projected"]["matched"]["later"][0][0] == low
    assert "later" not in found["excluded"]["matched"]


def test_point_names_it(folder, tmp_path, in_process):
    """Oracle: the edge that `projected_couplings` gives."""
    spec = with_file(folder, "projection")
    [[(low, high)]] = projected_couplings(spec, MASS, "matched")["matched"].values()
    above, below = (jaxtri.point(spec, MASS, g)["matched"] for g in (low * 1.001, low * 0.999))
    assert high > low * 1.001
    assert (above.projected, below.projected) == (("later",), ())
    assert "later" not in (*above.excluded_by, *(one.name for one in above.verdicts))
    assert "  projections, not counted, that would exclude it: later\n" in point_text(above)
    assert "projections" not in point_text(below)


def test_projections_alone_and_without_a_limit_are_refused(folder):
    spec = with_file(folder, "projection")
    alone = spec | {"searches": spec["searches"] | {"only": ["later"]}}
    with pytest.raises(InputError, match='none of the set "corrected" but projections is left'):
        jaxtri.load_spec(alone)
    path = folder / "bad.toml"
    path.write_text(LATER.replace("limit       = 1e-12\n", ""))
    with pytest.raises(InputError, match='kind = "projection" needs limit and confidence'):
        jaxtri.load_spec(SMALL | {"searches": {"set": "corrected", "files": [str(path)]}})
    shown = {"figure": {"searches": ["later_"]}}
    with pytest.raises(InputError, match=r'figure: no search "later_"; did you mean later\?'):
        jaxtri.load_spec(spec | shown)


def test_recast_searches_are_no_projections(tmp_path):
    """They exclude, and do so once."""
    spec = with_file(tmp_path, "projection")
    spec = spec | {"searches": spec["searches"] | {"recast": ["babar_2014"]}}
    axes = spec["axes"] | {"m_X": spec["axes"]["m_X"] | {"points": 3}}
    found = jaxtri.boundaries(spec | {"axes": axes})["matched"]
    assert "babar_2014" in {one.search for one in found.curves}
    assert {one.search for one in found.projections} == {"later"}
    assert set(projected_couplings(spec, MASS, "matched")["matched"]) == {"later"}
