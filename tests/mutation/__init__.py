"""Mutation of the vital modules: every small fault planted in them should be found by their tests.

mutants.py plants, campaign.py runs the tests on each, report.py writes docs/safety/mutation.md.
Not a part of `make test`: a campaign takes some ten minutes. `make mutation` runs it.
"""
