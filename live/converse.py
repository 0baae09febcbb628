"""One short conversation of a command with the programs of the corridor, over the live link.

The command's agent says what it has to say and is `done` when it has heard enough. Not here: what
is said.
"""

from pathlib import Path
from typing import Any, Final, Protocol

from contract.agent import NS_PER_S, Agent
from contract.envelope import Identity
from contract.mailbox import Mailbox, Transmit
from contract.node import Node, Turn
from live.config import ProgramConfig
from live.journal import JournalFile
from live.link import Link
from live.program import Setting

POLL_MS: Final = 20


class Caller(Agent[Any], Protocol):
    """An agent that comes to an end."""

    @property
    def done(self) -> bool:
        """Nothing more is to be said or heard."""
        ...


def converse(setting: Setting[ProgramConfig], agent: Caller, wait_s: float) -> None:
    """Run `agent` under the node of `setting` until it is done or patience is over."""
    journal = JournalFile.open(Path(setting.config.node.journal))
    try:
        _run(setting, agent, journal, wait_s)
    finally:
        journal.close()


def _run(
    setting: Setting[ProgramConfig], agent: Caller, journal: JournalFile, wait_s: float
) -> None:
    role = setting.roster.nodes[setting.name].role
    identity = Identity(
        setting.name, role, setting.keys.signer, setting.map.digest, setting.config_digest
    )
    link = Link(setting.keys, setting.curve_table, peers=setting.config.peers)
    node: Node[Any] = Node(agent, Mailbox(identity, setting.roster, greets=setting.config.peers))
    try:
        now = setting.clock.now()
        end_ns = now.mono_ns + int(wait_s * NS_PER_S)
        _carry(node.start(now, journal.boot(), journal.state), journal, link)
        while not agent.done and now.mono_ns < end_ns:
            link.poll(POLL_MS)
            now = setting.clock.now()
            for sender, raw in link.receive():
                _carry(node.receive(now, raw, sender), journal, link)
            _carry(node.wake(now, None), journal, link)
    finally:
        link.close()


def _carry(turn: Turn, journal: JournalFile, link: Link) -> None:
    """Commit, then send: the order that every shell keeps."""
    if turn.records:
        journal.commit(turn.records)
    for effect in turn.then:
        if isinstance(effect, Transmit):
            link.send(effect.to, effect.raw)
