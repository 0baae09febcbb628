"""The simulator: the same agents in virtual time, with everything around them played by models."""
