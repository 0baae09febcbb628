"""Errors of the contract: a broken invariant is ours, a refusal is theirs.

    ContractError
    |-- InvariantBroken      a bug of ours: raise, do not repair; the process ends, hardware stops
    the truck
    `-- ConfigError          a person's input is wrong: what, where, expected (exit code 2)

Remote misbehaviour is never an exception: it comes back as `Refused(reason)` (contract/agent.py).
"""


class ContractError(Exception):
    """Base of all errors raised on purpose."""


class InvariantBroken(ContractError):
    """Something that cannot happen happened; the state is not to be trusted any more."""


class ConfigError(ContractError):
    """Input of a person (config, scenario, key folder, document file) that cannot be used."""


def require(condition: bool, text: str) -> None:
    """Raise InvariantBroken unless `condition` holds. Unlike `assert` it survives `python -O`."""
    if not condition:
        raise InvariantBroken(text)
