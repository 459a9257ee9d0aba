"""The numbers: tables of inputs, models, treatments and searches, and their reader."""
