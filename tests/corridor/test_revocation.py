"""SUP-019: a revocation reaches the truck under way as the office's own document."""

from typing import Any

import pytest

from contract.v1.customs_pb2 import Revocation
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ
from contract.v1.movement_pb2 import RevocationNotice
from tests.corridor.control import Control
from tests.factories import sends, signed


def a_revocation(country: str) -> Revocation:
    number: Any = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}[country]
    return Revocation(number=1, office=number, crossing_id="KZ-1", release_id=f"{country}-truck-01")


@pytest.mark.parametrize("country", ["KZ", "CN"])
def test_revocation_is_carried_to_its_truck_as_it_was_signed(country: str) -> None:
    control = Control().under_way("truck-01", "truck-02")
    effects = control.decision(a_revocation(country), country)
    (carried,) = sends(effects, RevocationNotice)
    assert carried.revocation == signed(a_revocation(country), f"release/{country}")
    assert sends(effects, RevocationNotice, to="truck-01") == [carried]


def test_revocation_of_a_crossing_that_has_not_set_off_is_the_supervisors_alone() -> None:
    control = Control().accounted()
    control.notice()
    control.release("KZ")
    assert not sends(control.decision(a_revocation("KZ"), "KZ"), RevocationNotice)


def test_revocation_that_no_office_signed_is_not_carried() -> None:
    control = Control().under_way()
    assert not sends(control.decision(a_revocation("KZ"), "CN"), RevocationNotice)
