"""The roster: which nodes exist, their roles and public keys, and the offices' release keys.

A value, already verified by whoever loaded it. Identity is the authenticated key; names are for
people. Not here: key files and the ceremony (live/keys.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.agent import Role
from contract.signing import key_id


@dataclass(frozen=True, slots=True)
class Node:
    """One program of the corridor."""

    name: str
    role: Role
    public_key: bytes
    site: str = ""

    @property
    def key_id(self) -> bytes:
        return key_id(self.public_key)


@dataclass(frozen=True, slots=True)
class Roster:
    """All nodes by name, and each office's release keys (key id -> public key) by country."""

    nodes: Mapping[str, Node]
    release_keys: Mapping[str, Mapping[bytes, bytes]]
    staging: bool = False
    version: int = 1
    _by_role: dict[Role, tuple[Node, ...]] = field(default_factory=dict, init=False, repr=False)

    def of_role(self, role: Role) -> tuple[Node, ...]:
        """All nodes of a role, by name."""
        if role not in self._by_role:
            found = [node for node in self.nodes.values() if node.role is role]
            self._by_role[role] = tuple(sorted(found, key=lambda node: node.name))
        return self._by_role[role]

    def keys_of(self, role: Role) -> dict[bytes, bytes]:
        """Public keys of a role by key id, for opening its documents."""
        return {node.key_id: node.public_key for node in self.of_role(role)}
