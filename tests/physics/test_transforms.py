"""Every public function of the physics under jit, vmap over m_X and over g_X, and grad.

Oracle: the same function called eagerly, one point at a time.
"""

import importlib
import inspect
import pkgutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxtri.physics
from jaxtri.physics import kinematics
from jaxtri.physics.decays import hadrons, in_flight, isovector, quarks, three_pions, widths
from jaxtri.physics.production import (
    channels,
    currents,
    decoupling,
    emission,
    flavour,
    form_factors,
    meson_widths,
    z_decays,
)
from jaxtri.physics.triangle import (
    conserved_current,
    integral,
    massless_leg,
    regimes,
    side,
    tensor,
    three_legs,
)

COMPILED = 1e-11  # compiled and eager code round differently; near a pole that is amplified
MASSES, COUPLINGS = (0.02, 0.31), (1e-4, 0.3)  # GeV: every production channel is open at both

ELSEWHERE = (  # compiled, mapped and differentiated in test_hadrons, test_widths and test_properties
    "hadrons.exclusive_ratios",
    "hadrons.hadronic_ratio",
    "widths.decay_ratios",
    "widths.unit_decays",
    "decoupling.decoupling",  # cli/test_audit: for a picture
    "in_flight.turning_points",  # boundary/test_trace: where a signal turns; has no derivatives
)
OWN_TESTS = (
    "jaxtri.physics.relic",
    "jaxtri.physics.muon_g2",
    "jaxtri.physics.trident",
)  # mapped and differentiated in relic, test_muon_g2, test_trident
OWN_FUNCTIONS = {
    "in_flight.spectrum_of", "in_flight.flight_probability",  # in test_in_flight
    "widths.lepton_masses", "widths.neutrino_ratio",  # parts of decay_ratios
    "z_decays.triangle_of",  # a name
}  # fmt: skip
NOT_DIFFERENTIATED = (  # the slopes are those of decoupled_ratio and any_legs
    "massless_leg.contour_rule",
    "three_legs.contour_rule",
    "side.side_of",
    "massless_leg.is_massive",
)
CONSTANT = (  # in total, at least
    "widths.x_branching_ratios",
    "flavour.ckm_matrix",
    "flavour.ckm_products",
    "emission.quark_charge",
    "z_decays.charged_masses",
    "hadrons.meson_couplings",
    "hadrons.three_pion_window",
    "channels.channel_masses",
    "channels.production_thresholds",
    "hadrons.hadronic_thresholds",
    "widths.decay_thresholds",
)


def arrays(*values):
    return tuple(jnp.asarray(value, dtype=float) for value in values)


def on_mesons(width):
    """Widths for one pair of masses, with a mass of X that depends on both variables."""
    return lambda sm, model, t, m, g: width(sm, model, t, sm.m_B0, sm.m_K0, m * g)


# name: function of (sm, model, treatment, m_X, g_X); what is summed and differentiated is its real part
PUBLIC = (
    {
        "kinematics.two_body_momentum": lambda sm, model, t, m, g: kinematics.two_body_momentum(5.3, 0.5, m),
        "kinematics.pair_velocity": lambda sm, model, t, m, g: kinematics.pair_velocity(m, 0.001),
        "kinematics.pair_gap": lambda sm, model, t, m, g: kinematics.pair_gap(*arrays(g), arrays(m**2, 0.0)),
        "in_flight.proper_time": lambda sm, model, t, m, g: in_flight.proper_time(
            100.0, 152.0, 0.494, 0.14, m
        ),
        "in_flight.log_probability": lambda sm, model, t, m, g: (
            in_flight.log_probability(True, m, g),
            in_flight.log_probability(False, m, g),
        ),
        "in_flight.turning_points": lambda sm, model, t, m, g: in_flight.turning_points(g),
        "hadrons.hadronic_thresholds": lambda sm, model, t, m, g: hadrons.hadronic_thresholds(sm),
        "widths.decay_thresholds": lambda sm, model, t, m, g: widths.decay_thresholds(sm, model),
        "channels.production_thresholds": lambda sm, model, t, m, g: channels.production_thresholds(
            sm, model, [t]
        ),
        "integral.triangle_integral": lambda sm, model, t, m, g: integral.triangle_integral(9.0, 0.0, m, g),
        "integral.decoupling_factor": lambda sm, model, t, m, g: integral.decoupling_factor(9.0, 0.0, m, g),
        "massless_leg.decoupled_ratio": lambda sm, model, t, m, g: massless_leg.decoupled_ratio(
            *arrays(9.0, m, g)
        ),
        "massless_leg.contour_rule": lambda sm, model, t, m, g: massless_leg.contour_rule(*arrays(9.0, m, g)),
        "massless_leg.heavy_rule": lambda sm, model, t, m, g: massless_leg.heavy_rule(*arrays(m / 9, -g / 9)),
        "massless_leg.is_massive": lambda sm, model, t, m, g: massless_leg.is_massive(*arrays(m - 0.1)) * 1.0,
        "massless_leg.angle_parts": lambda sm, model, t, m, g: massless_leg.angle_parts(*arrays(g, m)),
        "massless_leg.threshold_gap": lambda sm, model, t, m, g: massless_leg.threshold_gap(*arrays(g, m)),
        "massless_leg.squared_angle_slope": lambda sm, model, t, m, g: massless_leg.squared_angle_slope(
            *arrays(g, m)
        ),
        "regimes.any_legs": lambda sm, model, t, m, g: regimes.any_legs(*arrays(9.0, -2.0, m, g)),
        "side.largest_first": lambda sm, model, t, m, g: side.largest_first(*arrays(0.1, m, g)),
        "side.determinants": lambda sm, model, t, m, g: side.determinants(arrays(9.0, -2.0, m), *arrays(g)),
        "side.side_of": lambda sm, model, t, m, g: jax.tree.map(
            lambda leaf: 1.0 * leaf,
            side.side_of(
                side.determinants(arrays(9.0, -2.0, m), *arrays(g)),
                *arrays(9.0, -2.0 * m, m - 11.0),
                jnp.array(True),
            ),
        ),
        "tensor.heavy_rule": lambda sm, model, t, m, g: tensor.heavy_rule(*arrays(m, -g, 0.3, 2.0)),
        "tensor.undeformed_rule": lambda sm, model, t, m, g: tensor.undeformed_rule(
            -m, -1.0, -g, 1.0, order=8
        ),
        "three_legs.contour_rule": lambda sm, model, t, m, g: three_legs.contour_rule(
            *arrays(9.0, -2.0, m, g)
        ),
        "form_factors.b_to_k_f_plus_single_pole": lambda sm, model, t, m, g: (
            form_factors.b_to_k_f_plus_single_pole(sm.form_factors, m)
        ),
        "form_factors.b_to_k_f_plus": lambda sm, model, t, m, g: form_factors.b_to_k_f_plus(
            sm.form_factors, m
        ),
        "form_factors.b_to_k_f_zero": lambda sm, model, t, m, g: form_factors.b_to_k_f_zero(
            sm.form_factors, m
        ),
        "form_factors.b_to_kstar_a0": lambda sm, model, t, m, g: form_factors.b_to_kstar_a0(
            sm.form_factors, m
        ),
        "form_factors.b_to_kstar_a1": lambda sm, model, t, m, g: form_factors.b_to_kstar_a1(
            sm.form_factors, m
        ),
        "form_factors.b_to_kstar_a2": lambda sm, model, t, m, g: form_factors.b_to_kstar_a2(
            sm.form_factors, m
        ),
        "form_factors.b_to_kstar_a3": lambda sm, model, t, m, g: form_factors.b_to_kstar_a3(
            sm.form_factors, 5.3, 0.9, m
        ),
        "form_factors.b_to_kstar_v": lambda sm, model, t, m, g: form_factors.b_to_kstar_v(sm.form_factors, m),
        "form_factors.k_to_pi_form_factor": lambda sm, model, t, m, g: form_factors.k_to_pi_form_factor(
            sm, g, m
        ),
        "flavour.loop_function": lambda sm, model, t, m, g: flavour.loop_function(m),
        "flavour.ckm_matrix": lambda sm, model, t, m, g: flavour.ckm_matrix(sm),
        "flavour.ckm_products": lambda sm, model, t, m, g: flavour.ckm_products(sm, "b", "s"),
        "flavour.fcnc_coupling": lambda sm, model, t, m, g: flavour.fcnc_coupling(sm, model, t, "s", "d", g),
        "z_decays.charged_masses": lambda sm, model, t, m, g: z_decays.charged_masses(sm),
        "z_decays.decoupling_factors": lambda sm, model, t, m, g: z_decays.decoupling_factors(sm, m),
        "z_decays.mass_basis_sum": lambda sm, model, t, m, g: z_decays.mass_basis_sum(sm, model, m),
        "z_decays.ward_sum": lambda sm, model, t, m, g: z_decays.ward_sum(sm, model, m),
        "z_decays.triangle_sum": lambda sm, model, t, m, g: z_decays.triangle_sum(sm, model, t, m),
        "z_decays.eq4_sum": lambda sm, model, t, m, g: z_decays.eq4_sum(sm, model, m),
        "z_decays.width_from_sum": lambda sm, model, t, m, g: z_decays.width_from_sum(sm, 0.3 - 0.1j, m, g),
        "emission.heavy_quark_penguin": lambda sm, model, t, m, g: emission.heavy_quark_penguin(m),
        "emission.light_quark_penguin": lambda sm, model, t, m, g: emission.light_quark_penguin(sm, m, g),
        "emission.quark_charge": lambda sm, model, t, m, g: emission.quark_charge(model),
        "emission.penguin_coupling": lambda sm, model, t, m, g: emission.penguin_coupling(
            sm, model, jnp.array([0.1, 0.2, -0.3]), m
        ),
        "emission.long_distance_width": lambda sm, model, t, m, g: emission.long_distance_width(
            sm, model, sm.m_K_plus, sm.m_pi_plus, m * g
        ),
        "conserved_current.bubble": lambda sm, model, t, m, g: conserved_current.bubble(*arrays(g, m)),
        "conserved_current.conserved_current_integral": lambda sm, model, t, m, g: (
            conserved_current.conserved_current_integral(9.0, m, g)
        ),
        "quarks.strong_coupling": lambda sm, model, t, m, g: quarks.strong_coupling(sm, 10 * m),
        "quarks.quark_ratio": lambda sm, model, t, m, g: quarks.quark_ratio(sm, model, 30 * m),
        "hadrons.meson_couplings": lambda sm, model, t, m, g: hadrons.meson_couplings(model),
        "hadrons.hadronic_ratio": lambda sm, model, t, m, g: hadrons.hadronic_ratio(sm, model, 3 * m),
        "hadrons.exclusive_ratios": lambda sm, model, t, m, g: hadrons.exclusive_ratios(sm, model, 3 * m),
        "hadrons.three_pion_spaces": lambda sm, model, t, m, g: hadrons.three_pion_spaces(sm, 3 * m),
        "hadrons.three_pion_window": lambda sm, model, t, m, g: hadrons.three_pion_window(sm),
        "hadrons.omega_phi_propagators": lambda sm, model, t, m, g: hadrons.omega_phi_propagators(
            sm, hadrons.three_pion_spaces(sm, 3 * m), 3 * m
        ),
        "isovector.isovector_ratio": lambda sm, model, t, m, g: isovector.isovector_ratio(sm, 3 * m),
        "currents.meson_form_factors": lambda sm, model, t, m, g: currents.meson_form_factors(
            sm, 3 * m, hadrons.three_pion_spaces(sm, 3 * m)
        ),
        "currents.current_strengths": lambda sm, model, t, m, g: currents.current_strengths(
            model.charge * g, jnp.stack([m + 0.1j, 1j * m, 0.3 + m])
        ),
        "three_pions.propagator": lambda sm, model, t, m, g: three_pions.propagator(0.77, m, g),
        "three_pions.p_wave_width": lambda sm, model, t, m, g: three_pions.p_wave_width(g, 0.77, 0.001, m),
        "three_pions.three_pion_phase_space": lambda sm, model, t, m, g: three_pions.three_pion_phase_space(
            sm, 3 * m
        ),
        "widths.pair_ratio": lambda sm, model, t, m, g: widths.pair_ratio(g, 0.001, m),
        "widths.decay_ratios": lambda sm, model, t, m, g: widths.decay_ratios(sm, model, 3 * m),
        "widths.unit_decays": lambda sm, model, t, m, g: widths.unit_decays(sm, model, 3 * m),
        "widths.x_branching_ratios": lambda sm, model, t, m, g: widths.x_branching_ratios(sm, model, 3 * m),
        "widths.x_width": lambda sm, model, t, m, g: widths.x_width(sm, model, 3 * m, g),
        "widths.x_lifetime": lambda sm, model, t, m, g: widths.x_lifetime(sm, model, 3 * m, g),
        "widths.lifetime": lambda sm, model, t, m, g: widths.lifetime(m),
        "decoupling.decoupling": lambda sm, model, t, m, g: decoupling.decoupling(sm, model, m).paper,
        "channels.production_vector": lambda sm, model, t, m, g: channels.production_vector(sm, model, t, m),
        "channels.channel_masses": lambda sm, model, t, m, g: channels.channel_masses(sm),
        "channels.branching_ratio": lambda sm, model, t, m, g: {
            name: channels.branching_ratio(name, sm, model, t, m, g) for name in channels.CHANNEL_NAMES
        },
    }
    | {
        f"meson_widths.{name}": on_mesons(getattr(meson_widths, name))
        for name in vars(meson_widths)
        if name.endswith("_width") and getattr(meson_widths, name).__module__ == meson_widths.__name__
    }
    | {
        f"{module.__name__.split('.')[-1]}.{name}": getattr(module, name)
        for module, names in ((z_decays, ["z_to_gamma_width"]),)
        for name in names
    }
)


HERE = [name for name in PUBLIC if name not in ELSEWHERE]


def test_no_public_function_is_forgotten():
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(jaxtri.physics.__path__, "jaxtri.physics.")
        if not m.name.startswith(OWN_TESTS)
    ]
    found = {
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if callable(value) and not inspect.isclass(value) and not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    }  # fmt: skip
    assert found == set(PUBLIC) | OWN_FUNCTIONS


def total(name, sm, model, treatment, m_X, g_X):
    """Sum of the real parts of what a public function returns."""
    leaves = jax.tree.leaves(PUBLIC[name](sm, model, treatment, m_X, g_X))
    return sum(jnp.sum(jnp.real(leaf)) for leaf in leaves)


@pytest.fixture(scope="module")
def compiled(sm, b_minus_l, treatments):
    """Totals of every function on the grid of masses and couplings, in one compilation."""

    def every(m_X, g_X):
        return {name: total(name, sm, b_minus_l, treatments["matched"], m_X, g_X) for name in HERE}

    over_both = jax.vmap(jax.vmap(every, (None, 0)), (0, None))
    return jax.jit(over_both)(jnp.array(MASSES), jnp.array(COUPLINGS))


@pytest.mark.long
@pytest.mark.parametrize("name", HERE)
def test_jit_and_vmap(sm, b_minus_l, treatments, compiled, name):
    eager = total(name, sm, b_minus_l, treatments["matched"], MASSES[1], COUPLINGS[0])
    np.testing.assert_allclose(compiled[name][1, 0], eager, COMPILED)
    others = np.abs(compiled[name] / eager - 1) > COMPILED  # so that the point matters
    assert np.any(others) == (name not in CONSTANT)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in HERE if name not in NOT_DIFFERENTIATED])
def test_grad(sm, b_minus_l, treatments, name):
    def at(m_X, g_X):
        return total(name, sm, b_minus_l, treatments["matched"], m_X, g_X)

    assert np.all(np.isfinite(jax.grad(at, argnums=(0, 1))(MASSES[1], COUPLINGS[0])))
