"""Production of X: Z decays, meson decays, their couplings and form factors."""
