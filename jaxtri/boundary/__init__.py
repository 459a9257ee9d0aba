"""Exact exclusion curves: where ln r = 0 in the (m_X, g_X) plane."""
