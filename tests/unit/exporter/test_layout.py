from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.exporter.layout import Layout, known_columns, lay_out
from mailsift.exporter.rendering import ANSWERS, Shape
from mailsift.shared.errors import PermanentError
from mailsift.shared.writing import WritingOptions

SHAPE = Shape(("name", "email", "phone", "phone", ""), (1,))


def chosen(*names: str, shape: Shape = SHAPE, **rename: str) -> Layout:
    return lay_out(shape, WritingOptions(columns=names, rename=rename))


def arranged(layout: Layout, cells: list[str], answers: list[object]) -> list[object]:
    return list(layout.arranging(None)(cells, answers))


def test_a_file_has_all_of_the_users_columns_and_then_the_answers_unless_told_otherwise() -> None:
    layout = lay_out(SHAPE)
    assert layout.titles == (*SHAPE.columns, *(f"mailsift_{answer.name}" for answer in ANSWERS))
    assert (layout.is_chosen, layout.cells, len(layout.told)) == (False, 5, len(ANSWERS))
    assert arranged(layout, ["Ann", "a@b.c"], [1, 2]) == ["Ann", "a@b.c", None, None, None, 1, 2]


def test_columns_come_in_the_order_in_which_they_were_asked_for() -> None:
    layout = chosen("mailsift_status", "email", "mailsift_reasons", "name")
    assert layout.titles == ("mailsift_status", "email", "mailsift_reasons", "name")
    assert [told.answer.name for told in layout.told] == ["status", "reasons"]
    assert arranged(layout, ["Ann", "a@b.c"], ["valid", ["x"]]) == ["valid", "a@b.c", ["x"], "Ann"]


def test_a_repeated_name_is_told_by_its_number_and_one_that_is_empty_by_its_place() -> None:
    layout = chosen("phone_2", "phone", "column_5")
    assert layout.titles == ("phone", "phone", "")
    assert arranged(layout, ["Ann", "a@b.c", "1", "2", "x"], []) == ["2", "1", "x"]
    known = list(known_columns(Shape(("", "column_1", "column_1"), (1,))))
    assert known[:3] == ["column_1_2", "column_1", "column_1_3"]


def test_columns_are_renamed_wherever_they_stand() -> None:
    assert chosen("email", "mailsift_status", email="Mail", mailsift_status="Verdict").titles == ("Mail", "Verdict")
    everything = chosen(name="Who")
    assert (everything.titles[:2], len(everything.columns)) == (("Who", "email"), 5 + len(ANSWERS))


def test_answers_to_several_addresses_are_chosen_one_by_one() -> None:
    shape = Shape(("email", "work"), (0, 1))
    layout = chosen("mailsift_work_status", "mailsift_email_status", shape=shape)
    assert [(told.answer.name, told.entry) for told in layout.told] == [("status", 2), ("status", 1)]


@pytest.mark.parametrize(
    "options",
    [WritingOptions(columns=("email", "mailsift_colour")), WritingOptions(rename={"mailsift_colour": "Colour"})],
    ids=["columns", "rename"],
)
def test_a_column_that_is_not_there_is_named_and_those_that_are_besides(options: WritingOptions) -> None:
    with pytest.raises(PermanentError) as caught:
        lay_out(SHAPE, options)
    assert caught.value.code == "unknown_column"
    assert "no column 'mailsift_colour'" in caught.value.message
    assert "'phone_2', 'column_5', 'mailsift_status'" in caught.value.message


def test_what_is_said_of_an_unknown_column_is_short_however_wide_the_list() -> None:
    with pytest.raises(PermanentError) as caught:
        lay_out(Shape(("c" * 1000,) * 500, (0,)), WritingOptions(columns=("x" * 1000,) * 9))
    assert len(caught.value.message) < 4_000


@given(st.lists(st.text(max_size=3), min_size=1, max_size=6), st.data())
def test_every_column_can_be_chosen_and_brings_its_own_cell(names: list[str], data: st.DataObject) -> None:
    shape = Shape(tuple(names), (0,))
    keys = list(known_columns(shape))
    picked = data.draw(st.lists(st.sampled_from(range(len(names))), min_size=1, unique=True))
    layout = chosen(*(keys[place] for place in picked), shape=shape)
    assert layout.titles == tuple(names[place] for place in picked)
    assert arranged(layout, [str(place) for place in range(len(names))], []) == [str(place) for place in picked]
