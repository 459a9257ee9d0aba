"""The fermions of the Standard Model: their order, and their gauge charges."""

FERMIONS = ("e", "mu", "tau", "nu_e", "nu_mu", "nu_tau", "u", "d", "s", "c", "b", "t")
CHARGED = (0, 1, 2, 6, 7, 8, 9, 10, 11)  # positions of the charged fermions in FERMIONS
ELECTRIC_CHARGE = (-1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 2 / 3, -1 / 3, -1 / 3, 2 / 3, -1 / 3, 2 / 3)
WEAK_ISOSPIN = (-0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5, -0.5, -0.5, 0.5, -0.5, 0.5)  # T3, left-handed
COLOURS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0)
