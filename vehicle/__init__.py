"""The truck: missions, passage through gates, the pilot and the guard. Pure but for __main__ and
cli.
"""
