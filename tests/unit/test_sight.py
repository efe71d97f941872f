# SPDX-License-Identifier: EUPL-1.2
"""What a caller sees: by grants, by supplier, everything or nothing."""

import pytest

from cloud.kit.auth import row_security
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.auth.sight import Sight

WHOLE = Grant(premises_id="p-one")
FLAT = Grant(premises_id="p-one", service_point_ids=frozenset({"sp-a"}))
NOTHING_OF_IT = Grant(premises_id="p-one", service_point_ids=frozenset())


def a_sight(role: Role, *grants: Grant, supplier_id: str | None = None) -> Sight:
    return Sight.of(
        Principal(subject="user:1", role=role, grants=frozenset(grants), supplier_id=supplier_id)
    )


@pytest.mark.parametrize("role", Role)
def test_only_operators_and_technicians_see_what_is_not_theirs(role: Role) -> None:
    sight = a_sight(role)
    sees_all = role in (Role.OPERATOR, Role.TECHNICIAN)
    assert sight.sees_premises("p-one", []) == sees_all
    assert sight.sees_point("p-one", "sp-a", None) == sees_all


@pytest.mark.parametrize("role", [Role.OWNER, Role.TENANT])
def test_a_grant_shows_its_building_and_no_other(role: Role) -> None:
    sight = a_sight(role, WHOLE)
    assert sight.sees_premises("p-one", [])
    assert sight.sees_point("p-one", "sp-a", "water")
    assert not sight.sees_premises("p-two", [])
    assert not sight.sees_point("p-two", "sp-a", "water")


def test_a_grant_of_a_flat_shows_the_buildings_name_and_of_its_meters_only_the_flats() -> None:
    sight = a_sight(Role.TENANT, FLAT)
    assert sight.sees_premises("p-one", [])
    assert sight.sees_point("p-one", "sp-a", None)
    assert not sight.sees_point("p-one", "sp-b", None)


def test_a_grant_of_no_service_point_shows_nothing() -> None:
    sight = a_sight(Role.TENANT, NOTHING_OF_IT)
    assert not sight.sees_premises("p-one", [])
    assert not sight.sees_point("p-one", "sp-a", None)


def test_a_utility_sees_what_it_supplies_and_of_the_rest_nothing() -> None:
    sight = a_sight(Role.UTILITY, WHOLE, supplier_id="water")
    assert sight.sees_premises("p-one", ["gas", "water"])
    assert sight.sees_point("p-one", "sp-a", "water")
    assert not sight.sees_point("p-one", "sp-b", "gas")
    assert not sight.sees_premises("p-one", ["gas"])


def test_who_works_for_no_utility_does_not_see_what_nobody_supplies() -> None:
    sight = a_sight(Role.UTILITY)
    assert not sight.sees_point("p-one", "sp-a", None)
    assert not sight.sees_premises("p-one", [None])


@pytest.mark.parametrize("role", [Role.OWNER, Role.TENANT, Role.MUNICIPALITY])
def test_only_utilities_see_by_supplier(role: Role) -> None:
    sight = a_sight(role, supplier_id="water")
    assert not sight.sees_point("p-one", "sp-a", "water")


@pytest.mark.parametrize("role", Role)
def test_in_the_database_who_sees_everything_is_the_system_and_nobody_else(role: Role) -> None:
    with row_security.seen_as(row_security.NOBODY):
        row_security.see_as(Principal(subject="user:5", role=role))
        acts_as_system = row_security.subject() is None
    assert acts_as_system == (role in (Role.OPERATOR, Role.TECHNICIAN, Role.GATEWAY))
