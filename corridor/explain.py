"""Explain: why does it wait - from whoever waits, holder by holder, to whoever has the move.

Pure. In: a `Book` of who waits for what, as the supervisor knows it (`book_of`) or as its log tells
it (explain_log.py). Out: one `WaitChain` a vehicle: resource, holder, reason, whose move it is and
what lifts it, link by link, until somebody who does not wait, or the ring in which they all wait.
Changes nothing, and says nothing that the reasons' table does not say. Requirement: SUP-011 in
docs/SAFETY.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.limits import TEXT_LENGTH_MAX
from contract.reasons import Party, Reason
from contract.v1.explain_pb2 import ExplainQuery, ExplainReply, WaitChain, WaitLink
from corridor.state import State

CHAINS_MAX: Final = 40  # of one answer, with so many links each: it fits a frame
LINKS_MAX: Final = 3
LINKS_ALONE_MAX: Final = 100  # of a chain that is asked for by name
OFFICE: Final = "office"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One wait: for what, held by whom, since when in milliseconds of the book's own clock.

    lifts   what lifts it, where that is more than the table of reasons says
    """

    reason: str
    resource: str
    holder: str
    since_ms: int
    crossing: str = ""
    lifts: str = ""


@dataclass(slots=True)
class Book:
    """Who waits for what at one instant.

    waits       by vehicle;   vehicles   every one that was ever heard of
    vehicle_of  truck of each crossing;   ended   outcome of those that are over
    holds       crossing -> country of the office -> reason for which it holds
    gates       reason code of each gate that serves nobody
    """

    at_ms: int = 0
    waits: dict[str, Waiting] = field(default_factory=dict)
    vehicles: dict[str, None] = field(default_factory=dict)
    vehicle_of: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    holds: dict[str, dict[str, str]] = field(default_factory=dict)
    gates: dict[str, str] = field(default_factory=dict)


def book_of(state: State, now: Now) -> Book:
    """The supervisor's own tables."""
    book = Book(at_ms=now.mono_ns // NS_PER_MS)
    book.vehicles.update(dict.fromkeys(sorted(state.heard)))
    for name, crossing in state.crossings.items():
        book.vehicle_of[name] = crossing.vehicle
        if crossing.outcome:
            book.ended[name] = crossing.outcome
        elif crossing.holds:
            book.holds[name] = dict(crossing.holds)
    for vehicle, wait in state.waits.items():
        since_ms = wait.since_ns // NS_PER_MS
        crossing_id = state.crossing_of(vehicle)
        book.waits[vehicle] = Waiting(
            wait.reason.name, wait.resource, wait.holder, since_ms, crossing_id, wait.lifts
        )
    book.gates.update(state.faulty_gates)
    return book


def answer(state: State, now: Now, query: ExplainQuery) -> ExplainReply:
    """What an operator is told who asks about a vehicle, a crossing, or everybody."""
    book = book_of(state, now)
    reply = ExplainReply(query=query.query, known=True)
    if query.about:
        found = about(book, query.about)
        reply.known = found is not None
        if found is not None:
            reply.chains.append(_short(found, LINKS_ALONE_MAX))
        else:
            reply.nearest = nearest(book, query.about)
        return reply
    for vehicle in sorted(book.waits)[:CHAINS_MAX]:
        reply.chains.append(_short(chain_of(book, vehicle), LINKS_MAX))
    reply.cut = len(book.waits) > CHAINS_MAX
    return reply


def about(book: Book, name: str) -> WaitChain | None:
    """The chain of a vehicle or crossing; without links if it does not wait. None: not known."""
    if name in book.ended:
        root = f"{name} has ended: {book.ended[name]}"
        return WaitChain(vehicle=book.vehicle_of[name], crossing=name, root=root)
    vehicle = book.vehicle_of.get(name, name)
    if name in book.vehicle_of and not vehicle:
        return WaitChain(crossing=name, root=f"no vehicle is known of {name} yet")
    if vehicle in book.waits:
        return chain_of(book, vehicle)
    if name in book.vehicle_of or vehicle in book.vehicles:
        crossing = name if name in book.vehicle_of else ""
        return WaitChain(vehicle=vehicle, crossing=crossing, root=_at_ease(vehicle))
    return None


def nearest(book: Book, name: str) -> str:
    """The known name that comes nearest to one that is not."""
    known = [*book.vehicles, *book.vehicle_of]
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.0)), "")


def chain_of(book: Book, vehicle: str) -> WaitChain:
    """Follow the holders from a vehicle that waits."""
    chain = WaitChain(vehicle=vehicle, crossing=book.waits[vehicle].crossing)
    seen: list[str] = []
    at = vehicle
    while at in book.waits and at not in seen:
        seen.append(at)
        chain.links.append(_link(book, at))
        at = book.waits[at].holder
    last = chain.links[-1]
    if at in seen:
        ring = seen[seen.index(at) :]
        if len(ring) > 1:
            chain.cycle.extend(ring)
            chain.root = f"deadlock: {' -> '.join([*ring, ring[0]])}"
        else:
            chain.root = _move(last)  # a silent truck holds itself up: nobody waits in a ring
        return chain
    chain.links.extend(_behind(book, last))
    rests = at in book.vehicles and chain.links[-1] is last
    chain.root = _at_ease(at) if rests else _move(chain.links[-1])
    return chain


def cycles(book: Book) -> list[list[str]]:
    """Every ring of vehicles that wait for each other, each once, from its first by name."""
    return rings({vehicle: wait.holder for vehicle, wait in book.waits.items()})


def rings(holder_of: Mapping[str, str]) -> list[list[str]]:
    """The same from nothing but who waits for whom. A silent truck that holds itself up is none."""
    found: dict[tuple[str, ...], None] = {}
    for vehicle in sorted(holder_of):
        seen: list[str] = []
        at = vehicle
        while at in holder_of and at not in seen:
            seen.append(at)
            at = holder_of[at]
        ring = seen[seen.index(at) :] if at in seen else []
        if len(ring) > 1:
            first = ring.index(min(ring))
            found[(*ring[first:], *ring[:first])] = None
    return [list(ring) for ring in found]


def _link(book: Book, vehicle: str) -> WaitLink:
    wait = book.waits[vehicle]
    link = _told(vehicle, wait.reason, wait.resource, wait.holder)
    link.crossing, link.waited_ms = wait.crossing, max(0, book.at_ms - wait.since_ms)
    link.lifted_by = wait.lifts or link.lifted_by
    return link


def _told(who: str, code: str, resource: str, holder: str) -> WaitLink:
    """A link with what the table of reasons says of its code."""
    reason = Reason.__members__.get(code)
    party = reason.owner.value if reason is not None else ""
    if party == Party.OFFICE.value and holder.startswith(OFFICE):
        party = holder
    return WaitLink(
        who=who,
        reason=code,
        sentence=reason.sentence if reason is not None else "",
        resource=resource,
        holder=holder,
        party=party,
        lifted_by=reason.lifted_by if reason is not None else "",
    )


def _behind(book: Book, last: WaitLink) -> Iterator[WaitLink]:
    """What is known of a holder that is no truck: a gate out of order, an office that holds this
    crossing or, of a batch, another one.
    """
    holder, crossing = last.holder, last.crossing
    code = book.gates.get(holder, "")
    if code and code not in Reason.__members__:
        code = Reason.BARRIER_FAULT.name  # its arm says nothing, and it gives no reason
    if code and code != last.reason:
        yield _told(holder, code, holder, "")
    if not holder.startswith(OFFICE):
        return
    if last.reason == Reason.BATCH_INCOMPLETE.name:
        crossing, _, _ = last.resource.partition(" ")
    country = holder.removeprefix(OFFICE).strip()
    for where, code in sorted(book.holds.get(crossing, {}).items()):
        if country in ("", where) and code != last.reason:
            yield _told(f"{OFFICE} {where}", code, crossing, f"{OFFICE} {where}")


def _at_ease(vehicle: str) -> str:
    return f"{vehicle} waits for nobody"


def _move(last: WaitLink) -> str:
    who = last.party if last.holder in ("", last.who, last.party) else last.holder
    by = f" ({last.party})" if last.party not in ("", who) else ""
    return f"{who}{by} has the move: {last.lifted_by}" if last.lifted_by else f"{who} has the move"


def _short(chain: WaitChain, links_max: int) -> WaitChain:
    """As much of a chain as an answer may carry."""
    del chain.links[links_max:]
    del chain.cycle[3 * links_max :]  # names are shorter than links
    chain.root = chain.root[:TEXT_LENGTH_MAX]
    return chain


# --- in words ---


def words(chain: WaitChain) -> list[str]:
    """A chain as lines for a person."""
    name = chain.vehicle or chain.crossing
    crossing = f" ({chain.crossing})" if chain.crossing and chain.vehicle else ""
    if not chain.links:
        return [f"{name}{crossing}: {chain.root}"]
    lines = [f"{name}{crossing} has waited {chain.links[0].waited_ms / 1_000.0:.0f} s"]
    for number, link in enumerate(chain.links, 1):
        at = f" at {link.resource}" if link.resource else ""
        held = f", held by {link.holder}" if link.holder not in ("", link.who) else ""
        lines.append(f"  {number}. {link.who} waits{at}{held}")
        lines.append(f"     {link.reason}: {link.sentence}" if link.sentence else link.reason)
        lines.append(f"     {link.party} lifts it by {link.lifted_by}")
    lines.append(f"  => {chain.root}")
    return lines
