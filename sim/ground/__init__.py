"""The proving ground: trucks on a track of their own, driven by pilot and guard alone.

For what needs no border: platoons, friction, sensor faults, stopping. The kernels are the same as
everywhere; orders come from the scenario and not from an agent.
"""
