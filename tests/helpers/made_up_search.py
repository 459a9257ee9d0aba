"""A measurement that nobody made, as the text of a search file."""

MEASUREMENT = """
title = "a search of one's own"
experiment = "Own"
channel = "K+ -> pi+ X"
final_state = "e+ e-"
kind = "measurement"
value = 1e-9
stat_up = 3e-10
syst = 4e-10
m_X = [0.01, 0.3]
prompt = {length_m = 0.1, gamma_parent = 2.0, locator = "made up"}
reference = "none"
locator = "none"
bibtex = "none"
"""
