"""What limited a run: one sentence with resource and figures, one on what more would give, and the
evidence under them.

In: a run folder. Out: sentences. The rules, in order: whoever could not go on at all; hours, quota,
weather or orders, if most waiting was about them; the place that passes nearly all it can; nothing,
if every load that came found its truck; the place before which most waited; else what can pass
least. Described in docs/bottlenecks.md. Not here: capacities (sim/bottlenecks.py).
"""

from dataclasses import dataclass
from typing import Any, Final

from contract.reasons import Reason
from sim.bound import FLEET
from sim.report import diagrams
from sim.report.folder import RunFolder
from sim.report.names import in_words, one_more

# What a wait is about, for whoever has never seen a reason code.
HOURS: Final = "opening hours"
PAPERS: Final = "papers and officers"
INSPECTIONS: Final = "inspections"
ROAD: Final = "room on the road"
SERVICE: Final = "service at stations and gates"
BERTHS: Final = "berths at the far end"
FORMING: Final = "putting convoys together"
SLOTS: Final = "the slots at the exit gates"
UPKEEP: Final = "charge and repairs"
ABOUT: Final = {
    HOURS: ("OFFICE_CLOSED", "ARRIVAL_TOO_LATE", "DEPARTURE_CLOSED"),
    "quota and the other side's intake": ("QUOTA_REACHED", "INTAKE_RATE_REACHED", "INTAKE_FULL"),
    PAPERS: (
        *("CLEARANCE_PENDING", "DOCUMENT_CONTROL", "ENDORSEMENT_PENDING", "SECOND_OFFICER"),
        *("OFFICER_HOLD", "CERTIFICATE_MISSING", "BATCH_INCOMPLETE"),
    ),
    INSPECTIONS: (
        *("INSPECTION_PENDING", "INSPECTION_ORDERED", "IMAGE_PENDING", "LABORATORY_PENDING"),
        *("NO_BAY_FREE", "NO_PLACE"),
    ),
    ROAD: (
        *("ZONE_OCCUPIED", "PREDECESSOR_FIRST", "VEHICLE_AHEAD", "DIRECTION_OPPOSED", "ZONE_FULL"),
        *("SECTION_DRAINS", "WOULD_DEADLOCK", "LANE_TAKEN", "PLANNED_LATER"),
    ),
    SERVICE: ("STATION_PENDING", "PERMIT_PENDING", "PLATE_UNREAD"),
    BERTHS: ("BERTH_FULL",),
    FORMING: ("CONVOY_FORMING",),
    SLOTS: ("SLOT_LATER", "SLOT_EARLY", "SLOT_OVER", "SLOT_MISSING"),
    UPKEEP: ("CHARGING", "CHARGE_TOO_LOW", "NO_CHARGER_FREE", "BRAKES_FAILED"),
    "weather and closures": ("WEATHER_CLOSED", "SECTION_CLOSED", "SPEED_REDUCED"),
}
# What a place or the fleet is behind; waiting about anything else is somebody's order or rule.
OF_PLACES: Final = (PAPERS, INSPECTIONS, ROAD, SERVICE, BERTHS, FORMING)
LIMITED: Final = "What limited this run: "  # begins the sentence that names a resource
SHARE_MIN: Final = 0.05  # of all waiting; less is not worth a word
OUTSIDE_MIN: Final = 0.4  # of all waiting: so much about orders and rules, and they are what limits
FULL_MIN: Final = 0.9  # of what a place can pass: it is full, for nothing passes all of it
QUEUE_MIN: Final = 0.15  # of the trucks, on average, before one place
LEFT_MAX: Final = 0.02  # of the loads that came: so many without a truck at the end are chance
LEFT_FEW: Final = 2
TIED: Final = 1.01  # places that pass as much as the tightest, but for a hundredth


@dataclass(frozen=True, slots=True)
class Story:
    """What the sentences need of a run folder.

    share   of all waiting, by what it was about, the most first;   wait_h   vehicle-hours of it
    """

    run: RunFolder
    told: dict[str, Any]
    share: dict[str, float]
    wait_h: float

    @property
    def trucks(self) -> int:
        row = self.told.get("places", {}).get(FLEET, {})
        return int(row.get("servers", 0))

    @property
    def passed_per_hour(self) -> float:
        return float(self.run.result.get("bound", {}).get("measured_per_hour", 0.0))

    @property
    def endless(self) -> bool:
        return self.told.get("offered_per_hour") is None

    @property
    def loads(self) -> tuple[int, int]:
        """Loads that came by themselves, and those that found no truck by the end."""
        both = self.run.result.get("queues", {}).values()
        return sum(int(q["offered"]) for q in both), sum(int(q["waiting"]) for q in both)

    def words(self, place: str) -> str:
        return in_words(place, self.run.corridor)


def headline(run: RunFolder) -> list[str]:
    """What limited the run, and what more of it would give; nothing where there was no traffic."""
    told = run.result.get("bottlenecks", {})
    if not told.get("first") or told.get("per_hour") is None:
        return []
    shares = waits_about(run)
    story = Story(run, told, dict(shares), sum(diagrams.waits_by_reason(run).values()) / 60.0)
    top, share = shares[0] if shares else ("", 0.0)
    bound = run.result["bound"]
    if run.result.get("deadlock") or run.result.get("stuck"):
        return ["Trucks could not go on: see who still waits at the end, and for whom."]
    if run.scenario.get("time", {}).get("crossings"):
        return _of_a_few(story)
    if top == HOURS and share >= OUTSIDE_MIN:
        return _of_hours(story)
    if top == SLOTS and share >= OUTSIDE_MIN:
        return _of_slots(story)
    orders = [name for name, each in shares if name not in OF_PLACES and each >= SHARE_MIN]
    if top in orders and sum(story.share[name] for name in orders) >= OUTSIDE_MIN:
        return _of_orders(story, orders)
    if (bound["share"] or 0.0) >= FULL_MIN:
        full = bound["resource"]
        return _of_fleet(story) if full == FLEET else _of_place(story, full)
    came, left = story.loads
    if not story.endless and left <= max(LEFT_FEW, LEFT_MAX * came):
        return _of_offer(story)
    queued = told["longest_queue"]
    if queued and told["places"][queued]["queue_mean"] >= QUEUE_MIN * story.trucks:
        return _of_place(story, queued)
    first = told["first"] if told["broken"] else FLEET
    return _of_fleet(story) if first == FLEET else _of_place(story, first)


def _of_a_few(story: Story) -> list[str]:
    wanted = story.run.scenario["time"]["crossings"]
    most = next(iter(story.share), "")
    rest = f" Most waiting was about {most}, {_percent(story.share[most])} of it." if most else ""
    return [f"Nothing was short: the run shows {wanted} crossings and ends with them.{rest}"]


def _of_hours(story: Story) -> list[str]:
    open_h = open_together_s(story.run) / 3_600.0
    loads = sum(
        row["loaded"] == "1" and row["outcome"] == "cleared" and bool(row["arrived"])
        for row in story.run.crossings
    )
    said = [
        (
            f"{LIMITED}opening hours. Both sides were open together in"
            f" {open_h:.1f} of {story.run.lasts_s / 3_600.0:.1f} hours, and"
            f" {_percent(story.share[HOURS])} of all waiting was for them,"
            f" {story.share[HOURS] * story.wait_h:.0f} vehicle-hours."
        )
    ]
    if open_h > 0.0:
        rate = loads / open_h
        said.append(
            f"{loads} loads arrived, {rate:.1f} in an open hour: one more open hour is worth about"
            f" as many, as long as loads wait."
        )
    return said


def _of_slots(story: Story) -> list[str]:
    pitch = story.run.scenario.get("slots", {}).get("pitch", "a pitch")
    slots, share = story.run.result["slots"], story.share[SLOTS]
    said = [
        (
            f"{LIMITED}{SLOTS}, one truck in {pitch} at each. {slots['used']} of"
            f" {slots['offered']} were used, and {_percent(share)} of all waiting was for them,"
            f" {share * story.wait_h:.1f} vehicle-hours."
        )
    ]
    if (slots["used_share"] or 0.0) >= FULL_MIN:
        said.append(
            f"More slots would have helped, up to the {story.told['per_hour']:.0f} crossings an"
            f" hour both ways that {story.words(story.told['first'])} can pass; no truck and no"
            f" place more would."
        )
    return said


def _of_orders(story: Story, about: list[str]) -> list[str]:
    """What was waited for most is not a place; whatever else is none is told with it."""
    known = [Reason.__members__.get(name) for name in about]
    names = [n if each is None else each.sentence for n, each in zip(about, known, strict=True)]
    share = sum(story.share[name] for name in about)
    them = "that" if len(about) == 1 else "those"
    more = "" if UPKEEP in about else " No truck and no place more would have helped."
    return [
        (
            f"{LIMITED}{', '.join(names)}. {_percent(share)} of all waiting was"
            f" for {them}, {share * story.wait_h:.1f} vehicle-hours.{more}"
        )
    ]


def _of_offer(story: Story) -> list[str]:
    came, left = story.loads
    first, row = story.told["first"], story.told["places"][story.told["first"]]
    none = "every one found a truck" if not left else f"all but {left} found a truck by the end"
    return [
        (
            f"Nothing was short: {came} loads came, and {none}. Nearest to its limit was"
            f" {story.words(first)}, with {story.passed_per_hour:.0f} of the {row['per_hour']:.0f}"
            f" crossings an hour that it can pass, {_percent(row['load'] or 0.0)}."
        ),
        gain(story),
    ]


def _of_place(story: Story, place: str) -> list[str]:
    row, pair = story.told["places"][place], tightest(story.told)
    names = pair if place in pair else [place]
    words = " and ".join(story.words(name) for name in names)
    each = " each" if len(names) > 1 else ""
    can = f" can{each} pass {row['per_hour']:.0f} crossings an hour both ways at most and"
    queue = f"{row['queue_mean']:.1f} trucks on average and {row['queue_max']} at most"
    said = [
        (
            f"{LIMITED}{words}{can if row['per_hour'] else ''} passed"
            f" {story.passed_per_hour:.0f}; before {place} waited {queue}. {_offer(story)}"
        )
    ]
    return [*said, gain(story)] if place in pair else said


def _of_fleet(story: Story) -> list[str]:
    row = story.told["places"][FLEET]
    whole_h = story.trucks * story.run.lasts_s / 3_600.0
    most = next(iter(story.share), "")
    about = f", most of that for {most} ({_percent(story.share[most])})" if most else ""
    said = [
        (
            f"{LIMITED}the fleet of trucks. Its {story.trucks} can make"
            f" {row['per_hour']:.0f} crossings an hour both ways at most,"
            f" {story.passed_per_hour:.0f} were made. {_offer(story)}"
            f" Of their time they waited {_percent(story.wait_h / whole_h)}{about}."
        )
    ]
    return [*said, gain(story)] if FLEET in tightest(story.told) else said


def _offer(story: Story) -> str:
    if story.endless:
        return "There was always one more load."
    came, left = story.loads
    return f"Of {came} loads that came {left} found no truck by the end."


# --- what more would give ---


def tightest(told: dict[str, Any]) -> list[str]:
    """The places that pass least, all of them where several pass as little."""
    can = _capacities(told)
    least = min(can.values(), default=0.0)
    return sorted(name for name, per_hour in can.items() if per_hour <= least * TIED)


def gain(story: Story) -> str:
    """What one more at each of the tightest places gives, and what is the tightest then."""
    can, names = _capacities(story.told), tightest(story.told)
    least = min(can.values())
    servers = {name: story.told["places"][name]["servers"] for name in names}
    better = can | {name: can[name] * (1.0 + 1.0 / servers[name]) for name in names}
    after = min(sorted(better), key=lambda name: better[name])
    each = f"One more {one_more(names[0], story.run.corridor)}"
    if len(names) > 1:
        each = f"One more at each of {' and '.join(story.words(name) for name in names)}"
    then = "it is the tightest still" if after in names else f"then it is {story.words(after)}"
    return (
        f"{each} gives room for {better[after] - least:.0f} crossings an hour more,"
        f" {better[after]:.0f} instead of {least:.0f}; {then}."
    )


def _capacities(told: dict[str, Any]) -> dict[str, float]:
    rows = told.get("places", {}).items()
    return {name: row["per_hour"] for name, row in rows if row["per_hour"] is not None}


# --- the evidence ---


def evidence(run: RunFolder) -> list[str]:
    """What trucks waited for, where most of them queued, what has passed of the bound; less what
    the headline has said.
    """
    said, first = [], next(iter(headline(run)), "")
    waits = [f"{_percent(share)} {name}" for name, share in waits_about(run) if share >= SHARE_MIN]
    if waits:
        said.append(f"What vehicles waited for: {', '.join(waits)}.")
    told, bound = run.result.get("bottlenecks", {}), run.result.get("bound")
    queued = told.get("longest_queue")
    if queued and f"before {queued} waited" not in first:
        row, words = told["places"][queued], in_words(queued, run.corridor)
        mean, most = row["queue_mean"], row["queue_max"]
        said.append(f"The longest queue was at {words}: {mean:.1f} on average, {most} at most.")
    known = bound is not None and in_words(bound["resource"], run.corridor) in first
    if bound and bound["share"] is not None and not known:
        said.append(
            f"{bound['measured_per_hour']:.0f} crossings an hour passed,"
            f" {_percent(bound['share'])} of the {bound['per_hour']:.0f} both ways that"
            f" {in_words(bound['resource'], run.corridor)}, the tightest place on everybody's way,"
            " can pass."
        )
    return said + without_truck(run.result.get("queues", {})) + _broken(run, told)


def _broken(run: RunFolder, told: dict[str, Any]) -> list[str]:
    """When the offer first exceeded what the tightest place can pass."""
    if not told.get("breaks_at_h"):
        return []
    return [
        (
            f"From {told['breaks_at_h']:.1f} h after the start on more was offered than"
            f" {in_words(told['first'], run.corridor)} can pass: up to"
            f" {told['offered_per_hour']:.0f} crossings an hour both ways,"
            f" of {told['per_hour']:.0f}."
        )
    ]


def waits_about(run: RunFolder) -> list[tuple[str, float]]:
    """What waiting was about, and its share of all of it, the most first."""
    minutes: dict[str, float] = {}
    for reason, amount in diagrams.waits_by_reason(run).items():
        about = next((name for name, codes in ABOUT.items() if reason in codes), reason)
        minutes[about] = minutes.get(about, 0.0) + amount
    whole = sum(minutes.values())
    shares = [(name, amount / whole) for name, amount in minutes.items() if amount > 0.0]
    return sorted(shares, key=lambda each: (-each[1], each[0]))


def open_together_s(run: RunFolder) -> float:
    """How long both sides were open."""
    shut_s, until_s = 0.0, 0.0
    for begins_s, ends_s, _ in sorted(run.closed()):
        shut_s += max(0.0, ends_s - max(begins_s, until_s))
        until_s = max(until_s, ends_s)
    return run.lasts_s - shut_s


def without_truck(queues: dict[str, dict[str, float]]) -> list[str]:
    """Loads that no truck has come for: then trucks are short, whatever a bound says."""
    left = {"eastbound": "E", "westbound": "W"}
    waiting = {name: int(queues.get(way, {}).get("waiting", 0)) for name, way in left.items()}
    words = [f"{count} {name}" for name, count in waiting.items() if count]
    said = f"Loads that found no truck by the end: {', '.join(words)}."
    return [said] if words else []


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
