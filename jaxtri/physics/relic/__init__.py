"""Relic density of dark matter: annihilation, thermal average, the bath, freeze-out, lines of Omega h^2."""
