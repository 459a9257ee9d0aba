"""The triangle integral I00, Eqs. (1)-(3)."""
