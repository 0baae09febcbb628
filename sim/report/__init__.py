"""The report of a run: one page for people who would rather look than read."""
