"""Audits: exact anomaly coefficients, and what they say of the treatments.

Oracle: the coefficients summed by hand over left-handed Weyl fields, and published anomaly-free sets.
"""

import dataclasses
import itertools
from fractions import Fraction

import pytest

from jaxtri import audit
from jaxtri.errors import InputError
from jaxtri.model.anomalies import exact_anomalies, rational
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.gauge_model import load_model
from jaxtri.tables.reader import names

GENERATIONS = (("nu_e", "e", "u", "d"), ("nu_mu", "mu", "c", "s"), ("nu_tau", "tau", "t", "b"))
SIXTH = Fraction(1, 6)
ANOMALOUS = {"baryon", "protophobic"}  # the latter breaks SU(2)_L besides, as a dark photon does


def weyl_fields(charges, partners):
    """Left-handed Weyl fields with right-handed neutrinos: (number, SU(2) index, Y, X)."""
    fields = []
    for nu, lepton, up, down in GENERATIONS:
        fields += [
            (1, Fraction(1, 4), -3 * SIXTH, charges[nu]),  # members of a doublet count half its index each
            (1, Fraction(1, 4), -3 * SIXTH, charges[lepton]),
            (1, 0, 6 * SIXTH, -charges[lepton]),
            (3, Fraction(1, 4), SIXTH, charges[up]),
            (3, Fraction(1, 4), SIXTH, charges[down]),
            (3, 0, -4 * SIXTH, -charges[up]),
            (3, 0, 2 * SIXTH, -charges[down]),
        ]
    return fields + [(1, 0, 0, -partner) for partner in partners]


def by_weyl_fields(charges, partners):
    fields = weyl_fields(charges, partners)
    return {
        "SU(2)^2 U(1)_X": 2 * sum(n * index * X for n, index, _, X in fields),
        "U(1)_Y^2 U(1)_X": sum(n * Y**2 * X for n, _, Y, X in fields),
        "U(1)_Y U(1)_X^2": sum(n * Y * X**2 for n, _, Y, X in fields),
        "gravity^2 U(1)_X": sum(n * X for n, _, _, X in fields),
        "U(1)_X^3": sum(n * X**3 for n, _, _, X in fields),
    }


@pytest.mark.parametrize("name", names("models"))
def test_coefficients_are_exact_sums_over_weyl_fields(name):
    found = audit(name)
    charges, partners = found.charges, found.right_handed_neutrinos
    assert found.anomalies == by_weyl_fields(charges, partners)
    assert (name in ANOMALOUS) == any(found.anomalies.values())
    assert all(isinstance(one, Fraction) for one in found.anomalies.values())


def test_every_difference_of_a_generation_and_a_lepton_number_is_shipped():
    for i, j in itertools.product((1, 2, 3), repeat=2):
        found = audit(f"b{i}_minus_l{j}")
        nu, lepton, _, _ = GENERATIONS[j - 1]
        _, _, up, down = GENERATIONS[i - 1]
        expected = {nu: -1, lepton: -1, up: Fraction(1, 3), down: Fraction(1, 3)}
        assert found.charges == {name: expected.get(name, 0) for name in FERMIONS}
        assert (found.universal_quarks, found.universal_leptons) == (False, False)


def test_numbers_of_baryon_number():
    """arXiv:1705.06726: A = 3/2; its triangle sum is 3/2, too."""
    found = audit("baryon")
    assert (found.A, found.triangle_sum, found.anomalons) == (Fraction(3, 2), Fraction(3, 2), "infinite")
    assert found.anomalies["SU(2)^2 U(1)_X"] == 3
    assert found.anomalies["U(1)_Y^2 U(1)_X"] == Fraction(-3, 2)
    assert found.treatments["ward"].startswith("meaningful. Enhanced")
    assert found.treatments["matched"].startswith("not meaningful")
    assert found.treatments["printed"].startswith("refused")
    assert found.refused == {}


def test_what_an_anomaly_free_model_is_told():
    found = audit("b_minus_l")
    assert (found.A, found.triangle_sum, found.anomalons) == (0, 0, None)
    assert "No enhancement" in found.treatments["ward"]
    assert "Disputed premise" in found.treatments["matched"]
    assert list(found.refused) == ["KL -> pi0 X"]


def test_a_loaded_model_is_audited_as_its_name():
    assert audit(load_model("baryon")) == audit("baryon")
    assert dataclasses.asdict(audit("b_minus_l")) != dataclasses.asdict(audit("b_minus_3l_tau"))


@pytest.mark.parametrize(
    ("charge", "exact"),
    [
        (1 / 3, Fraction(1, 3)),
        (0.3333333333, Fraction(1, 3)),
        (-2 / 7, Fraction(-2, 7)),
        (0.1, Fraction(1, 10)),
        (0.3333, Fraction(3333, 10000)),
        (5.0, Fraction(5)),
    ],
)
def test_charges_are_the_fractions_that_they_mean(charge, exact):
    assert rational(charge) == exact


def test_a_small_anomaly_is_one():
    """Negative control: a charge that is off by 1e-6 is no rounding."""
    model = load_model("b_minus_l")
    moved = dataclasses.replace(model, charge=model.charge.at[0].add(1e-6))
    assert exact_anomalies(moved)["SU(2)^2 U(1)_X"] == Fraction(1, 2_000_000)
    assert exact_anomalies(model)["SU(2)^2 U(1)_X"] == 0


@pytest.mark.parametrize("key", ["e_L", "axial", "e_axial"])
def test_axial_charges_are_refused_with_the_reason(key):
    charges = dict.fromkeys(FERMIONS, 0) | {key: 1}
    with pytest.raises(InputError, match=r"axial.*masses break"):
        audit({"title": "axial", "charges": charges, "neutrinos": "chiral"})
