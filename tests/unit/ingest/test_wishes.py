from contextlib import nullcontext

import pytest

from mailsift.ingest.detection.wishes import Wishes, refuse_unfitting
from mailsift.ingest.dialect import Format
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

WORKBOOKS = {Format.XLSX, Format.XLS, Format.ODS}


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize(
    ("options", "fitting", "code"),
    [
        (ReadingOptions(), set(Format), ""),
        (ReadingOptions(sheet="People"), WORKBOOKS | {Format.JSON}, "no_such_sheet"),
        (ReadingOptions(delimiter=";"), {Format.CSV, Format.TSV}, "unfitting_option"),
        (ReadingOptions(encoding="utf-8"), set(Format) - WORKBOOKS, "unfitting_option"),
    ],
)
def test_what_means_nothing_in_a_format_is_refused(
    format_: Format, options: ReadingOptions, fitting: set[Format], code: str
) -> None:
    with nullcontext() if format_ in fitting else pytest.raises(PermanentError) as caught:
        refuse_unfitting(options, format_)
    if caught is not None:
        assert caught.value.code == code


def test_thousands_of_columns_are_found_at_once() -> None:
    names = [f"Name {number}" for number in range(10_000)]
    options = ReadingOptions(keep_columns=tuple(f"name {number}" for number in range(10_000)))
    assert Wishes(options, names).kept_columns([3]) == tuple(range(10_000))


def test_of_several_columns_with_one_name_the_first_is_meant_and_a_number_means_any() -> None:
    names = ["tag", "email", "tag", "email"]
    assert Wishes(ReadingOptions(email_columns=("email",)), names).email_columns == (1,)
    assert Wishes(ReadingOptions(email_columns=("email", 4)), names).email_columns == (1, 3)
    assert Wishes(ReadingOptions(mapping={"tag": "group", "3": "kind"}), names).names == (
        "group",
        "email",
        "kind",
        "email",
    )
