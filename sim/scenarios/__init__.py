"""Scenarios that come with the simulator, one TOML file each."""
