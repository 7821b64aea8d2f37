from __future__ import annotations

import dramatiq
from hypothesis import given
from hypothesis import strategies as st

from mailsift.dispatcher.confirming import Batch

EARLIER = 5


def messages(count: int) -> list[dramatiq.Message[None]]:
    return [
        dramatiq.Message(queue_name="queue", actor_name="hint", args=(), kwargs={}, options={}) for _ in range(count)
    ]


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.booleans()), max_size=15))
def test_a_message_is_confirmed_by_the_first_word_on_it_alone_or_with_all_before(
    count: int, confirms: list[tuple[int, bool, bool]]
) -> None:
    sent = messages(count)
    batch = Batch(sent, first=EARLIER + 1)
    verdicts: dict[int, bool] = {}
    for number, multiple, taken in confirms:
        batch.settle(number, multiple=multiple, taken=taken)
        for one in range(1, number + 1) if multiple else [number]:
            verdicts.setdefault(one, taken)
    confirmed = {message.message_id for number, message in enumerate(sent, EARLIER + 1) if verdicts.get(number, False)}
    assert batch.unconfirmed(0) == {message.message_id for message in sent} - confirmed


def test_a_returned_message_is_not_confirmed_though_its_confirm_follows() -> None:
    sent = messages(2)
    batch = Batch(sent, first=1)
    batch.refuse(sent[0].message_id)
    batch.settle(2, multiple=True, taken=True)
    assert batch.unconfirmed(60) == {sent[0].message_id}
