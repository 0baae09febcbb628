"""Clearance as the supervisor sees it: whose word is missing, for a crossing or for its return.

Pure. It carries decisions and has no customs power of its own. Not here: which road that bars
(customs.py, bars.py).
"""

from contract.reasons import Reason
from corridor.records import Crossing
from corridor.state import No, State


def clearance_missing(crossing: Crossing, *, beside_bays: bool = False) -> No | None:
    """Which office has not released, with what it wants; None if both have.

    beside_bays   pass over an office that wants no more than an inspection on the way
    """
    for country in ("KZ", "CN"):
        if country in crossing.releases or (beside_bays and crossing.bays.get(country)):
            continue
        name = crossing.holds.get(country, "")
        reason = Reason.__members__.get(name, Reason.CLEARANCE_PENDING)
        return No(reason, crossing.crossing_id, f"office {country}")
    return None


def not_ready(crossing: Crossing) -> No:
    """Why a truck may not leave its berth, by the word of its terminal."""
    unfit = Reason.__members__.get(crossing.unfit)
    place = crossing.berth or crossing.crossing_id
    if unfit is None:
        return No(Reason.NOT_READY, place, "terminal")
    return No(unfit, place, unfit.owner.value)


def return_pending(state: State, crossing: Crossing) -> No | None:
    """Whose word the return of a crossing that was refused past the line still wants."""
    back = state.crossings.get(crossing.returns)
    missing = None
    if back is not None and back.return_of == crossing.crossing_id:
        missing = clearance_missing(back)
        if missing is None:
            return None
    holder = missing.holder if missing is not None else f"office {crossing.refused_by}"
    return No(Reason.RETURN_PENDING, crossing.returns or crossing.crossing_id, holder)
