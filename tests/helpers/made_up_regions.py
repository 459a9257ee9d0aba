"""Excluded regions from their edges."""

import numpy as np

from jaxtri.boundary.record import Region


def region(m_X, lower, upper, search="any"):
    """Return the ring along the lower edge and back along the upper one."""
    return Region(
        search=search,
        m_X=np.array([*m_X, *m_X[::-1], m_X[0]]),
        g_X=np.array([*lower, *upper[::-1], lower[0]]),
    )
