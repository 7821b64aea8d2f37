import pytest

from mailsift.ingest.totals import Totals
from mailsift.shared.verdicts import UploadWarning


@pytest.mark.parametrize(
    ("emails", "duplicates", "warned"), [(10, 6, True), (10, 5, False), (1, 0, False), (0, 0, False)]
)
def test_a_list_of_which_more_than_half_repeats_is_odd(emails: int, duplicates: int, warned: bool) -> None:
    totals = Totals(rows=10, emails=emails, valid=emails, duplicates=duplicates, rejected=0)
    assert totals.warnings == ((UploadWarning.MOSTLY_DUPLICATES,) if warned else ())
