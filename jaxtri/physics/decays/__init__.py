"""Decays of X: widths, hadrons, decay in flight."""
