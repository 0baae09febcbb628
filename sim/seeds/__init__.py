"""Runs by the dozen: fault campaigns over seeds, what a failing one comes down to, and sweeps."""
