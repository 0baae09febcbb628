"""Settings that hold for every test: how hypothesis draws its examples, and what goes first."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

# The suite gives the same answer twice, so examples come from the test's name and not from chance;
# no deadline, because a busy machine is not a fault. `make soak` draws afresh, and more.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=2_000)
settings.register_profile("examples", deadline=None, phases=(Phase.explicit,))  # for coverage
settings.load_profile("house")

# What takes longest or waits for processes goes first, so that nobody waits for it at the end.
FIRST: Final = ("test_stage_smoke", "test_lose_one_message", "test_scenarios", "test_no_dead_ends")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: Path(item.path).stem not in FIRST)  # stable: the rest keeps order
