from __future__ import annotations

import uuid

import pytest

from mailsift.api.places import Places

ANN, BOB, EVE = (uuid.UUID(int=number) for number in range(1, 4))


@pytest.mark.parametrize(("share", "of_one"), [(2, 2), (1, 1), (0, 1)])
def test_a_workspace_has_its_share_and_always_a_place(share: int, of_one: int) -> None:
    places = Places(4, share)
    assert sum(places.take(ANN) for _ in range(4)) == of_one
    assert places.take(BOB)


def test_no_more_than_all_are_taken_and_those_given_back_are_free() -> None:
    places = Places(3, 2)
    assert [places.take(who) for who in (ANN, ANN, BOB, BOB, EVE)] == [True, True, True, False, False]
    places.free(ANN)
    assert places.take(EVE)
