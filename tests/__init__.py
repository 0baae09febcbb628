"""Tests; the folders mirror the packages. Only this level is a package: see pyproject.toml."""
