"""Cargo by name: what a flow of a scenario need not say of well-known goods.

`cargo = "linseed"` in a flow stands for its heading, load, direction and whether it perishes; a key
that the flow has itself counts instead. The data are in cargo.toml. Not here: what a flow may say
(scenario.py), which certificates goods need (terminal_papers.py).
"""

import difflib
import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from contract.errors import ConfigError

KEY: Final = "cargo"


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """What each of the goods stands for, by name."""
    entry = resources.files("sim") / "cargo.toml"
    return tomllib.loads(entry.read_text(encoding="utf-8"))


def expand(tree: Mapping[str, Any], origin: str) -> None:
    """Put what the catalogue says into every flow that names its cargo. Raises ConfigError."""
    flows = tree.get("flow", [])
    for index, flow in enumerate(flows if isinstance(flows, list) else ()):
        if not isinstance(flow, dict) or KEY not in flow:
            continue
        name, known = flow.pop(KEY), catalogue()
        if not isinstance(name, str) or name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise ConfigError(f"{origin}: flow.{index}.{KEY} = {name!r:.60}: not known{hint}")
        for key, value in {"goods": name, **known[name]}.items():
            flow.setdefault(key, value)
