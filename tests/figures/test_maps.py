"""Maps of the lowest excluded coupling over two axes.

Oracle: the array `g_X_range` of the scan, node by node; for contours the coupling that they are drawn at.
"""

import dataclasses

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.contour import QuadContourSet

from jaxtri import open_scan, scan
from jaxtri.errors import InputError
from jaxtri.figures.map_words import contour_levels, power_of_ten
from jaxtri.figures.maps import caption, draw_further, lowest_excluded
from jaxtri.scans.schema import FigureChoice

STRAIGHT = 1e-3  # contours are straight in ln g between nodes that are 1/160 of the axis apart
SCAN = """title = "charges"
model = "b_minus_l"
treatments = ["matched"]
arrays = "reductions"
searches = {set = "corrected", only = ["na62_2021_kpi_invisible_low"]}
[axes]
tilt = {direction = {e = -1, nu_e = -1}, values = [-1.0, 0.0, 2.0]}
X_mu = {values = [-2.0, -1.0, 0.0, 1.0]}
m_X = {values = [0.05]}
g_X = {values = [1e-7, 1e-2]}
"""


@pytest.fixture(scope="module")
def charges(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "charges.toml"
    path.write_text(SCAN)
    return scan(path)["matched"]


@pytest.fixture
def made(charges):
    """A scan of numbers of one's own, (tilt, X_mu), on the axes 0, 1, ... or given ones of tilt."""

    def of(lowest, tilt=None):
        axes = {"tilt": np.arange(float(len(lowest))), "X_mu": np.arange(float(len(lowest[0])))}
        axes |= {} if tilt is None else {"tilt": tilt}
        header = dataclasses.replace(charges.header, axes=dict(charges.header.axes) | axes)
        return dataclasses.replace(
            charges, header=header, arrays={"g_X_range": np.stack([lowest, lowest])[..., None]}
        )

    return of


def mesh_of(axes):
    (mesh,) = (one for one in axes.collections if isinstance(one, QuadMesh))
    return mesh


def contours_of(axes):
    return [one for one in axes.collections if isinstance(one, QuadContourSet)]


def test_every_cell_is_the_lowest_excluded_coupling_of_its_node(charges):
    plane, bar = draw_further({"matched": charges}, title="t").axes
    values = charges["g_X_range"][0, :, :, 0]  # (tilt, X_mu, m_X)
    assert np.nanmax(values) > 2 * np.nanmin(values)
    assert np.isnan(values).sum() == 2  # charges whose anomalies cancel
    np.testing.assert_array_equal(mesh_of(plane).get_array().filled(np.nan), values.T)
    assert plane.get_xlabel() == "tilt (charges: -1 of e, nu_e)"
    assert plane.get_ylabel() == "X_mu"
    assert (plane.get_xlim(), plane.get_ylim()) == ((-1, 2), (-2, 1))
    assert "m_X = 0.05 GeV" in plane.get_title()
    assert "b_minus_l, treatment: matched\nsearches: corrected" in plane.get_title()
    assert bar.get_ylabel() == "lowest excluded $g_X$"
    np.testing.assert_allclose(bar.get_ylim(), (np.nanmin(values), np.nanmax(values)), rtol=1e-12)


def test_a_charge_against_the_mass():
    axes = {"X_mu": {"values": [-2.0, 1.0]}, "m_X": {"values": [0.01, 0.05, 0.1]}}
    base = {"title": "t", "model": "b_minus_l", "treatments": ["matched"], "arrays": "reductions"}
    base |= {"searches": {"set": "corrected", "only": ["na62_2021_kpi_invisible_low"]}}
    one = scan(base | {"axes": axes | {"g_X": {"values": [1e-7, 1e-2]}}})["matched"]
    plane = draw_further({"matched": one}, title="t").axes[0]
    np.testing.assert_array_equal(mesh_of(plane).get_array(), one["g_X_range"][0])
    assert (plane.get_xlabel(), plane.get_ylabel()) == (r"$m_X$ [GeV]", "X_mu")
    curves = draw_further({"matched": one}, title="t", look=FigureChoice(style="curves")).axes[0]
    assert curves.get_ylabel() == "$g_X$"
    with pytest.raises(InputError, match="axis X_mu has several nodes, and a map has two"):
        draw_further({"matched": one.at(m_X=0.05)}, title="t")


@pytest.mark.parametrize("power", [1.0, 3.0])
def test_contours_lie_where_the_limit_is_what_they_say(made, power):
    """Along x the coupling is 1e-5 x^power, so that the contour of g lies at x = (g / 1e-5)^(1/power)."""
    x = np.linspace(1.0, 9.0, 161)
    one = made(1e-5 * np.ones(3) * x[:, None] ** power, tilt=x)
    (lines,) = contours_of(draw_further({"matched": one}, title="t").axes[0])
    assert len(lines.levels) >= 3
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], (10**level / 1e-5) ** (1 / power), rtol=STRAIGHT)
        assert np.ptp(path.vertices[:, 1]) == 2


def test_where_nothing_is_excluded_it_is_hatched_and_said(made):
    lowest = np.array([[1e-6, 1e-5, np.nan], [1e-4, np.nan, np.nan]])
    plane, bar = draw_further({"matched": made(lowest)}, title="t").axes
    np.testing.assert_array_equal(np.isnan(lowest).T, mesh_of(plane).get_array().mask)
    assert plane.patch.get_hatch() == "////"
    assert [text.get_text() for text in plane.get_legend().get_texts()] == ["nothing excluded"]
    np.testing.assert_allclose(bar.get_ylim(), (1e-6, 1e-4), rtol=1e-12)
    (plane,) = draw_further({"matched": made(np.full((2, 3), np.nan))}, title="t").axes  # no bar
    assert plane.get_legend() is not None
    assert draw_further({"matched": made(np.full((2, 3), 1e-6))}, title="t").axes[0].get_legend() is None


def test_of_limits_that_are_curves_it_is_read_off_the_grid(charges):
    """To a step of the axis of g_X: the first node above the exact coupling."""
    g_X = np.geomspace(1e-7, 1e-2, 60)
    exact = charges["g_X_range"][0]
    flags = (g_X > np.where(np.isnan(exact), np.inf, exact)[..., None]).astype(np.uint8)
    header = dataclasses.replace(
        charges.header, arrays=("excluded",), axes=dict(charges.header.axes) | {"g_X": g_X}
    )
    one = dataclasses.replace(charges, header=header, arrays={"excluded": flags})
    above = lowest_excluded(one, "tilt", "X_mu") / lowest_excluded(charges, "tilt", "X_mu")
    assert np.isnan(above).sum() == 2
    assert np.nanmin(above) >= 1
    assert 1.01 < np.nanmax(above) < g_X[1] / g_X[0]
    assert "to a step of g_X" in draw_further({"matched": one}, title="t").axes[0].get_title()
    nothing = dataclasses.replace(charges, header=dataclasses.replace(header, arrays=("status",)))
    with pytest.raises(InputError, match="holds neither g_X_range nor excluded"):
        draw_further({"matched": nothing}, title="t")


def test_panels_share_their_colours(made):
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    scans = {"low": made(1e-6 * values), "high": made(1e-4 * values)}
    first, second, _ = draw_further(scans, title="t").axes
    assert mesh_of(first).norm.vmin == mesh_of(second).norm.vmin == 1e-6
    assert mesh_of(first).norm.vmax == mesh_of(second).norm.vmax == 4e-4


@pytest.mark.parametrize(
    ("ends", "levels"),
    [
        ((3e-9, 2e-5), [1e-8, 1e-7, 1e-6, 1e-5]),
        ((1.5e-5, 1.5e-4), [2e-5, 5e-5, 1e-4]),
        ((2.2e-3, 5.2e-3), [3e-3, 4e-3, 5e-3]),
        ((2.01e-3, 2.11e-3), [2.02e-3, 2.04e-3, 2.06e-3, 2.08e-3, 2.1e-3]),
        ((1e-3, 1e-3), []),
        ((np.nan, np.nan), []),
    ],
)
def test_levels_are_round(ends, levels):
    np.testing.assert_allclose(contour_levels(np.array(ends)), levels, rtol=1e-12)


def test_numbers_are_set_as_mathematics():
    assert power_of_ten(1e-6) == "$10^{-6}$"
    assert power_of_ten(2.02e-3) == r"$2.02\times 10^{-3}$"


@pytest.mark.long
def test_three_axes_are_too_many():
    axes = {name: {"values": [0.0, 1.0]} for name in ("X_e", "X_mu")} | {"m_X": {"values": [0.01, 0.05]}}
    base = {"title": "three", "model": "b_minus_l", "treatments": ["matched"], "arrays": "reductions"}
    base |= {"searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low"]}}
    one = scan(base | {"axes": axes | {"g_X": {"values": [1e-7, 1e-2]}}})["matched"]
    with pytest.raises(InputError, match="three: axes X_e, X_mu, m_X have several nodes, and a map has two"):
        draw_further({"matched": one}, title="t")
    chosen = one.at(m_X=0.05)
    mesh = mesh_of(draw_further({"matched": chosen}, title="t").axes[0])
    np.testing.assert_array_equal(mesh.get_array(), one["g_X_range"][0, :, :, 1].T)
    np.testing.assert_array_equal(lowest_excluded(chosen, "X_mu", "X_e"), one["g_X_range"][0, :, :, 1])


def test_the_commands_draw_it_and_draw_it_again(tmp_path, in_process):
    (tmp_path / "charges.toml").write_text(SCAN)
    code, out, err = in_process(tmp_path, "run", "charges.toml", "--quiet")
    assert (code, out, err) == (0, "wrote charges_matched.h5, charges.pdf, charges.png\n", "")
    code, out, _ = in_process(tmp_path, "plot", "charges_matched.h5", "--caption", "-o", "again")
    assert code == 0
    assert out.startswith(
        "wrote again.pdf, again.png\ncharges: lowest excluded coupling g_X against tilt and X_mu"
    )
    assert "m_X = 0.05 GeV" in out
    assert "NA62 [arXiv:2103.15389]" in out
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "charges.png").read_bytes()
    stored = open_scan(tmp_path / "charges_matched.h5")
    assert caption({"matched": stored}) in out


REFUSED = {
    "three axes": ({"m_X = {values = [0.05]}": "m_X = {values = [0.05, 0.1]}"}, "and a map has two"),
    "samples": (
        {"X_mu = {values = [-2.0, -1.0, 0.0, 1.0]}": "X_mu = {sobol = {X_mu = [0, 1]}, points = 4}"},
        "nodes of X_mu are samples, without an order",
    ),
    "no array": ({'"reductions"': '["status"]'}, 'write arrays = "reductions"'),
    "single searches": (
        {"[axes]": '[figure]\nsearches = ["na62_2021_kpi_invisible_low"]\n[axes]'},
        "figure: searches belongs to the (m_X, g_X) plane",
    ),
    "a page": ({"[axes]": "[figure]\nhtml = true\n[axes]"}, "figure: html belongs to"),
    "limits": ({"[axes]": "[figure]\nylim = [1e-6, 1e-5]\n[axes]"}, "figure: ylim belongs to"),
    "labels": ({"[axes]": "[figure]\nlabels = true\n[axes]"}, "figure: labels belongs to"),
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_refused_before_any_work(tmp_path, in_process, changes, words):
    text = SCAN
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "charges.toml").write_text(text)
    code, out, err = in_process(tmp_path, "run", "charges.toml")
    assert (code, out) == (2, "")
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["charges.toml"]
