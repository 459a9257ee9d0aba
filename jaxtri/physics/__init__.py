"""The physics of one point (m_X, g_X): scalar, pure functions of records and numbers, GeV throughout."""
