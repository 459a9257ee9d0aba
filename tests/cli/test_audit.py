"""The command `audit`: what it prints and draws."""

import dataclasses
import json

import numpy as np
import pytest

from jaxtri.figures.decoupling import draw_decoupling
from jaxtri.model.gauge_model import load_model
from jaxtri.physics.production.decoupling import decoupling
from jaxtri.physics.production.z_decays import mass_basis_sum, ward_sum

CLOSE = 1e-12


def test_it_says_what_a_model_is(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "audit", "baryon")
    assert code == 0
    assert "SU(2)^2 U(1)_X = 3, U(1)_Y^2 U(1)_X = -3/2" in out
    assert "A = 3/2" in out
    assert "ward: meaningful" in out
    assert "perturbative" not in out
    code, out, _ = in_process(tmp_path, "audit", "baryon", "--anomalons", "1000")
    assert "m_X above 333.3 GeV times g_X" in " ".join(out.split())


def test_json_holds_exact_fractions(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "audit", "b_minus_l", "--json")
    found = json.loads(out)
    assert (code, found["charges"]["u"], found["anomalies"]["U(1)_X^3"]) == (0, "1/3", "0")
    assert list(found["refused"]) == ["KL -> pi0 X"]


def test_the_picture_is_written_once(tmp_path, in_process):
    code, out, _ = in_process(tmp_path, "audit", "b_minus_l", "-o", "one")
    assert (code, out.splitlines()[-1]) == (0, "wrote one.pdf, one.png")
    assert {path.name for path in tmp_path.iterdir()} == {"one.pdf", "one.png"}
    code, _, said = in_process(tmp_path, "audit", "b_minus_l", "-o", "one")
    assert code == 4
    assert "--force" in said


@pytest.mark.parametrize("given", ["-3", "heavy", "nan"])
def test_anomalons_have_a_mass(tmp_path, in_process, given):
    code, _, said = in_process(tmp_path, "audit", "baryon", "--anomalons", given)
    assert (code, "anomalons" in said, len(said.splitlines())) == (2, True, 1)


def test_both_premises_at_the_mass_of_the_z(sm):
    """Curves of the picture are the sums of the rates, for a light X."""
    for name in ("b_minus_l", "baryon"):
        model = load_model(name)
        found = decoupling(sm, model, np.array([float(sm.m_Z)]))
        assert complex(found.paper.triangle_sum[0]) == pytest.approx(
            complex(mass_basis_sum(sm, model, 0.0)), rel=CLOSE
        )
        expected = complex(ward_sum(sm, model, 1e-9, emission=False))
        assert complex(found.ward.triangle_sum[0]) == pytest.approx(expected, rel=1e-9, abs=1e-15)
    assert abs(complex(found.ward.A[0])) == pytest.approx(1.5)


def test_light_anomalons_decouple_and_are_marked(sm):
    model = dataclasses.replace(load_model("baryon"), m_anomalon=np.float64(500.0))
    energy = np.geomspace(1.0, 1e6, 50)
    found = decoupling(sm, model, energy)
    assert abs(complex(found.ward.triangle_sum[-1])) < 1e-3
    assert found.thresholds["anomalons"] == 1000.0
    premises = {name: tuple(map(np.abs, getattr(found, name))) for name in ("paper", "ward")}
    figure = draw_decoupling(energy, premises, found.thresholds, title="U(1)_{B}: 500 GeV")
    drawn = [line.get_xdata() for line in figure.axes[0].lines]
    assert any(np.all(np.asarray(one) == 1000.0) for one in drawn)
    curve = next(line for line in figure.axes[1].lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(curve.get_ydata(), premises["ward"][1])
