from __future__ import annotations

import json
import uuid

import pytest

from mailsift.dispatcher.erasure import START, Position

LIST = uuid.uuid5(uuid.NAMESPACE_DNS, "list")


@pytest.mark.parametrize("position", [START, Position(LIST, 50_000, 70_000), Position(page=2_000)])
def test_a_position_is_read_as_it_was_stored(position: Position) -> None:
    assert Position.read(json.loads(position.stored())) == position


def test_a_position_of_a_release_before_tells_only_what_it_has() -> None:
    assert Position.read({"page": 2_000}) == Position(page=2_000)
    assert Position.read({"after": str(LIST)}) == Position(LIST)
