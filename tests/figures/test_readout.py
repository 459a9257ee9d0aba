"""What a page says anywhere in a panel.

Oracles: `jaxtri.point` at the node that the text names; the arrays of the scan, for what is in the page.
"""

import dataclasses
import json
import re

import numpy as np
import pytest

from bokeh_pages import in_page
from browser import Browser
from jaxtri import point, scan
from jaxtri.figures import readout
from jaxtri.figures.page import page_of
from jaxtri.figures.selection import with_searches
from jaxtri.scans.arrays import NO_SEARCH, STATUS
from jaxtri.scans.schema import FigureChoice
from small_plane import SMALL

KAON, DISPLACED = "na62_2021_kpi_invisible_low", "lhcb_2017_bplus_kplus_mumu_displaced"
WARD = SMALL | {"model": "b3_minus_l2", "treatments": ["ward"]}
FEW = 40  # nodes of an axis in the pages of these tests, so that some are left out
SHOWN = 1e-3  # of a number, four digits of it shown
PLACES = [(4, 20), (11, 30), (17, 9), (22, 14), (23, 22), (38, 36), (38, 38), (30, 0)]  # among the few


@pytest.fixture(scope="module", autouse=True)
def few():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readout, "MOST", FEW)
        yield


@pytest.fixture(scope="module")
def scans():
    one = scan(SMALL)["figure"]
    return {"all": one, "some": with_searches(one, [KAON, DISPLACED])}


def with_arrays(one, **arrays):
    """The same scan with arrays of one's own, and nothing but these."""
    return dataclasses.replace(
        one, arrays=arrays, header=dataclasses.replace(one.header, arrays=tuple(arrays))
    )


@pytest.fixture(scope="module")
def odd(scans):
    """Scans that say little: refused channels, arrays that are not held, no statement."""
    one, status = scans["all"], np.array(scans["all"]["status"])
    status[:] = STATUS["non_finite"]
    status[45:] = STATUS["out_of_domain"]
    return {
        "refused": scan(WARD)["ward"],
        "reduced": with_arrays(one, leading=one["leading"], status=one["status"]),
        "nothing": with_arrays(one),
        "silent": with_arrays(one, **{name: one[name] for name in one.header.arrays} | {"status": status}),
    }


def test_which_nodes_are_told():
    np.testing.assert_array_equal(readout.positions(FEW), np.arange(FEW))
    kept = readout.positions(1000)
    assert len(kept) == FEW
    assert (kept[0], kept[-1]) == (0, 999)
    assert set(np.diff(kept)) == {25, 26}


def test_what_is_in_the_page(scans):
    """Every number that a page holds is one of the scan's: of ratios to the last bit, as leading as there."""
    one = scans["all"]
    found = in_page(page_of(scans, title="t"), "log10_ratio")
    assert [len(some["searches"]) for some in found] == [len(one.header.searches), 2]
    i, j = (readout.positions(len(one[axis])) for axis in ("m_X", "g_X"))
    for some in found:
        np.testing.assert_array_equal(some["m_X"], one["m_X"][i])
        np.testing.assert_array_equal(some["g_X"], one["g_X"][j])
        ratios = np.stack([one.sel("log10_ratio", search=name)[np.ix_(i, j)] for name in some["searches"]])
        np.testing.assert_array_equal(some["log10_ratio"].reshape(FEW, FEW), ratios.max(axis=0))
        np.testing.assert_array_equal(some["status"].reshape(FEW, FEW), one["status"][np.ix_(i, j)])
    leading = one["leading"][np.ix_(i, j)]
    np.testing.assert_array_equal(found[0]["leading"].reshape(FEW, FEW), leading)
    assert NO_SEARCH in found[1]["leading"]  # where the two searches have no data
    for name, square in (("width", 2), ("lifetime", -2)):
        told = found[0][name][:, None] * one["g_X"][j] ** square
        np.testing.assert_allclose(told, one[name][np.ix_(i, j)], rtol=1e-5)
        assert np.abs(found[0][name][1:, None] / found[0][name][:-1, None] - 1).max() > SHOWN
    log10_br = found[0]["log10_br"].reshape(-1, FEW)[..., None] + 2 * np.log10(one["g_X"][j])
    stored = one["log10_br"][:, i][..., j]
    np.testing.assert_array_equal(np.isfinite(log10_br), np.isfinite(stored))
    np.testing.assert_allclose(10.0**log10_br, 10.0 ** stored.astype(float), rtol=2e-5)
    np.testing.assert_allclose(found[0]["x_br"].reshape(-1, FEW), one["x_br"][:, i], rtol=1e-6)


def test_what_a_file_does_not_hold(odd):
    said = {name: readout.record_of(one, name) for name, one in odd.items()}
    assert said["reduced"]["absent"] == [word for word in readout.SAID if word != "status"]
    assert said["nothing"]["absent"] == ["leading search", *readout.SAID]
    assert said["silent"]["absent"] == []
    assert len(said["refused"]["refused"]) > 4


@pytest.fixture(scope="module")
def browser(tmp_path_factory, scans, odd):
    folder = tmp_path_factory.mktemp("readout")
    with Browser(folder / "profile") as one:
        (folder / "panels.html").write_text(page_of(scans, title="t"))
        together = page_of(odd, title="t", look=FigureChoice(panels="together"))
        (folder / "together.html").write_text(together)
        one.folder = folder
        yield one


def opened(browser, name):
    browser.ask("Page.navigate", url=f"file://{browser.folder}/{name}.html")
    browser.until("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle")
    browser.value("""
        window.pairs = Bokeh.documents[0].roots()[0].children.map(
            one => one.children.map(part => Bokeh.index.find_one(part)));
        window.place = (k, m_X, g_X) => {
            const view = pairs[k][0], box = view.el.getBoundingClientRect();
            return [box.left + view.frame.x_scale.compute(m_X), box.top + view.frame.y_scale.compute(g_X)];
        };
        window.told = k => pairs[k][1].markup_el.innerText;
        1""")
    return browser


def between(nodes, k):
    """A quarter of a step beyond the node k."""
    return nodes[k] * (nodes[k + 1] / nodes[k]) ** 0.25 if k + 1 < len(nodes) else nodes[k]


def told_at(browser, panel, one, k, j):
    """Move to the node (k, j) of those that are told, nearly; return it, and the text below the panel."""
    m_X, g_X = (one[axis][readout.positions(len(one[axis]))] for axis in ("m_X", "g_X"))
    browser.point_at(*browser.value(f"place({panel}, {between(m_X, k)}, {between(g_X, j)})"))
    named = f"m_X = {shortest(m_X[k])} GeV, g_X = {shortest(g_X[j])}"
    browser.until(f"told({panel}).includes({json.dumps(named)})")
    return (m_X[k], g_X[j]), browser.value(f"told({panel})")


def shortest(number):
    """Six digits, without zeros at the end, as a browser says them."""
    short = float(f"{number:.6g}")
    if short >= 1e-3:
        return f"{short:g}"
    mantissa, exponent = f"{short:.5e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def numbers(text):
    """Numbers of a text by what they are of."""
    named = r"(m_X =|g_X =|lifetime|width|signal/limit|BR\([^)]*\)) ([-+.e\d]+)"
    found = dict(re.findall(named, text))
    decays = re.search(r"X decays: ([^;\n]*)", text)[1]
    return {name: float(one) for name, one in found.items()} | {
        name: float(one) for name, one in re.findall(r"([^,]+) (\S+?)(?:, |$)", decays)
    }


def expected(there, searches):
    """The same numbers of a point: of the search whose distance to its limit is least."""
    best = max((one for one in there.verdicts if one.name in searches), key=lambda one: one.ratio)
    rates = {f"BR({name})": value for name, value in there.branching_ratios.items()}
    return best, rates | there.x_branching_ratios | {
        "m_X =": there.m_X, "g_X =": there.g_X, "lifetime": there.lifetime, "width": there.width,
        "signal/limit": best.ratio,
    }  # fmt: skip


def differing(found, wanted):
    return [name for name, one in found.items() if not np.isclose(one, wanted[name], rtol=SHOWN, atol=0.0)]


@pytest.mark.parametrize("panel", [0, 1])
def test_it_says_what_point_says(browser, scans, panel):
    """At the nearest node of those in the page, in both panels; not what is said at the next node."""
    one = [*scans.values()][panel]
    names = [some["name"] for some in one.header.searches]
    page, seen, ratios = opened(browser, "panels"), set(), 0
    for k, j in PLACES:
        (m_X, g_X), text = told_at(page, panel, one, k, j)
        there = point(SMALL, m_X, g_X)["figure"]
        best, wanted = expected(there, names)
        found = numbers(text)
        assert differing(found, wanted) == [], text
        assert set(wanted) - set(found) <= {"signal/limit"}
        assert f"status {there.status}" in text
        if best.ratio > 0:
            assert f"leading search {best.name}" in text
            assert ("\nexcluded, " in text) == best.excluded
            assert ("signal/limit" in found) != ("lesser of signal/limit" in text)
        ratios += "signal/limit" in found
        seen |= set(re.findall(r"\n(excluded|not excluded|no statement)", text))
        step = (
            one["m_X"][np.searchsorted(one["m_X"], m_X) - 1],
            one["g_X"][np.searchsorted(one["g_X"], g_X) - 1],
        )
        for other in ((step[0], g_X), (m_X, step[1])):
            _, beside = expected(point(SMALL, *other)["figure"], names)
            assert {"lifetime", "width", *({"signal/limit"} & set(found))} <= set(differing(found, beside))
    assert seen >= {"excluded", "not excluded"}
    assert ratios >= 3
    assert page.complaints == []


def test_every_place_between_uneven_nodes_has_a_nearest_one(browser):
    """Beyond the first and the last it is told within half a step; an even axis has the same."""
    nearest = re.search(r"^const nearest = (.*?^\});$", readout.script(), flags=re.MULTILINE | re.DOTALL)[1]
    uneven = [1e-3, 0.3, 0.31, 0.33, 3.0]
    cases = {1e-5: -1, 1e-4: 0, 2e-3: 0, 0.05: 1, 0.304: 1, 0.306: 2, 0.5: 3, 1.5: 4, 8.0: 4, 10.0: -1}
    for value, node in cases.items():
        assert browser.value(f"({nearest})({uneven}, {value})") == node, value
    assert browser.value(f"({nearest})([0.3], 7)") == 0


def test_a_line_for_each_scan(browser, odd):
    """Together: refused channels, arrays that are not held, no statement, and beyond the axes."""
    page, one = opened(browser, "together"), odd["refused"]
    (m_X, g_X), text = told_at(page, 0, one, 22, 20)
    refused, reduced, nothing, silent = text.split("\n")
    there = point(WARD, m_X, g_X)["ward"]
    assert refused.count("no rate") == len(one.header.configuration["treatment"]["refused"])
    assert numbers(re.sub(r"BR\([^)]*\) no rate", "", refused))["lifetime"] == pytest.approx(
        there.lifetime, rel=SHOWN
    )
    assert "leading search" in reduced
    assert "not in the file: signal/limit, lifetime" in reduced
    assert "BR(" not in reduced + nothing
    assert "leading search, status, signal/limit" in nothing
    assert "no statement, status non_finite; lifetime" in silent
    assert "leading search" not in silent
    _, text = told_at(page, 0, one, 35, 20)
    assert "no statement, status out_of_domain" in text
    left, top = page.value(
        "(() => { const box = pairs[0][0].el.getBoundingClientRect(); return [box.left, box.top]; })()"
    )
    page.point_at(left + 5, top + 200)
    assert page.until("told(0).includes('outside the axes') && told(0)").count("outside the axes") == 4
    assert page.complaints == []
