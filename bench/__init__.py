"""Measurements: `python -m bench` prints ratios within one run and never gives a verdict."""
