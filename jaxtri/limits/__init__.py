"""Searches: the signal they expect, the limits they set, the couplings they exclude."""
