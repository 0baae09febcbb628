"""Channel shares of flows as rules of an office: what a scenario says of goods, an office draws by.

An office knows no flows, but goods: where flows differ in their channels it goes by a rule for each
direction and code, the longer code first, for a short one is a prefix of longer ones. Where all are
the same there is no rule. Such rules come after those of its book. Not here: the draw
(contract/selection.py), which flows an office could not tell apart (scenario_flow.py).
"""

from collections.abc import Sequence
from typing import Final

from contract.selection import Shares
from gate.office.rules import shares_of_one
from sim.scenario_flow import FlowSection

BECAUSE: Final = "chance has shares of its own for these goods"


def office_shares(flows: Sequence[FlowSection]) -> Shares:
    """Of loads for which there is no rule: those of the first flow, for one of both offices."""
    if not flows:
        return Shares(1.0, 0.0, 0.0)
    return shares_of_one(flows[0].channels.green, flows[0].channels.yellow)


def rules_of(flows: Sequence[FlowSection]) -> str:
    """Rules in the form of a rule book, for one of both offices; "" if all flows are the same."""
    if all(flow.channels == flows[0].channels for flow in flows):
        return ""
    by_goods = {(flow.hs_code, flow.direction): flow.channels for flow in flows}
    lines = []
    for code, direction in sorted(by_goods, key=lambda each: (-len(each[0]), each)):
        channels = by_goods[code, direction]
        shares = shares_of_one(channels.green, channels.yellow)
        lines += [
            "[[rule]]",
            f'id = "flow-{direction}-{code}"',
            f'because = "{BECAUSE}"',
            f'when = {{ direction = "{direction}", loaded = true, goods = ["{code}"] }}',
            f"shares.green = {shares.green!r}",
            f"shares.yellow = {shares.yellow!r}",
            f"shares.red = {shares.red!r}",
        ]
    return "\n".join(["", *lines, ""])
