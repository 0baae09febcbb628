"""The first run on a machine: why nothing is to be seen for most of a minute, for a person.

On a terminal only; how it is known is in sim/compiling.py.
"""

import sys
from typing import Final

from sim.compiling import DONE

SAID: Final = "compiling kernels for this machine, once: about a minute"


def tell(share: float) -> None:
    """A line that rewrites itself, and is taken away once the run goes on."""
    line = f"{SAID}, {100.0 * share:2.0f} %"
    print("\r" + line if share < DONE else "\r" + " " * len(line) + "\r", end="", file=sys.stderr)
    sys.stderr.flush()
