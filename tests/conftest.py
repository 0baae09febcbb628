"""Settings that hold for every test: how hypothesis draws its examples."""

from hypothesis import Phase, settings

# The suite gives the same answer twice, so examples come from the test's name and not from chance;
# no deadline, because a busy machine is not a fault. `make soak` draws afresh, and more.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=2_000)
settings.register_profile("examples", deadline=None, phases=(Phase.explicit,))  # for coverage
settings.load_profile("house")
