from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.repeats import Repeats


def firsts(repeats: Repeats, addresses: list[str]) -> list[int | None]:
    return [repeats.first(address, number) for number, address in enumerate(addresses, 1)]


def expected(addresses: list[str]) -> list[int | None]:
    return [
        first if (first := addresses.index(address) + 1) < number else None
        for number, address in enumerate(addresses, 1)
    ]


@given(st.lists(st.text(max_size=3)))
def test_every_repeated_address_points_to_its_first_entry(addresses: list[str]) -> None:
    repeats = Repeats()
    assert firsts(repeats, addresses) == expected(addresses)
    assert repeats.forgets_after is None


def test_it_remembers_while_it_grows() -> None:
    repeats = Repeats()
    addresses = [f"user{number}@example.com" for number in range(50_000)]
    assert set(firsts(repeats, addresses)) == {None}
    assert firsts(repeats, addresses) == list(range(1, 50_001))


def test_a_full_memory_says_from_where_on_it_forgets() -> None:
    repeats = Repeats(room=2)
    assert firsts(repeats, ["a", "a", "b", "c", "c", "b", "a"]) == [None, 1, None, None, None, 3, 1]
    assert repeats.forgets_after == 3


def test_without_a_memory_it_knows_nothing_from_the_beginning() -> None:
    repeats = Repeats(room=0)
    assert firsts(repeats, ["a", "a"]) == [None, None]
    assert repeats.forgets_after == 0


def test_a_number_that_has_no_room_ends_the_memory_and_nothing_else() -> None:
    repeats = Repeats()
    assert repeats.first("a", 2**24 - 1) is None
    assert repeats.first("b", 2**24) is None
    assert repeats.forgets_after == 2**24 - 1
    assert [repeats.first("a", 2**24 + 1), repeats.first("b", 2**24 + 2)] == [2**24 - 1, None]
