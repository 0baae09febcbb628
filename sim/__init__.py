"""The simulator: the same agents in virtual time, with everything around them played by models."""

from sim.compile_cache import use_cache_of_sources

use_cache_of_sources()  # before the first kernel: numba fixes its folder at the decorator
