"""Errors of the real world, below the contract's own.

    ContractError (contract/errors.py)
    |-- ConfigError          a person's input cannot be used
    |   `-- SelfTestFailed   this installation does not keep a promise
    `-- JournalError         the journal does not take or give back a record

Before the loop runs each of them ends the program with exit code 2, afterwards with 3.

Peers never cause one: what they do wrong is dropped, counted and noticed (live/link.py).
"""

from contract.errors import ConfigError, ContractError


class JournalError(ContractError):
    """The journal is damaged, in use, full, or not synced. Never retried: the process ends."""


class SelfTestFailed(ConfigError):
    """A promise that everything else relies on does not hold on this machine."""
