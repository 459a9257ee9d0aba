"""Constants that are exact in the SI."""

HBAR = 6.582119569e-25  # GeV s, exact in the SI
SPEED_OF_LIGHT = 299792458.0  # m/s, exact in the SI
NB_PER_GEV2 = 0.3893793721e6  # (hbar c)^2 in nb GeV^2, exact in the SI
