from __future__ import annotations

import datetime as dt
from itertools import accumulate

import pytest

from mailsift.exporter.webhooks.judging import FAILING, GONE, Answered, Patience, Standing, Verdict, judge
from mailsift.shared.errors import MailsiftError, PermanentError, TransientError
from mailsift.shared.events import DeliveryStatus
from mailsift.shared.jobs.retry import Schedule

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
PATIENCE = Patience(Schedule(base=10, cap=3600, jitter=0), dt.timedelta(hours=72), dt.timedelta(days=5))
DAY = dt.timedelta(days=1)


def judged(
    outcome: Answered | MailsiftError,
    event: str = "export.completed",
    failures: int = 0,
    age: dt.timedelta = dt.timedelta(0),
    failing: dt.timedelta | None = None,
) -> Verdict:
    since = None if failing is None else NOW - failing
    return judge(outcome, Standing(event, failures, NOW - age, since), PATIENCE, NOW, 0)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_message_that_is_taken_is_delivered(status: int) -> None:
    assert judged(Answered(status, ""), failing=9 * DAY) == Verdict(DeliveryStatus.DELIVERED)


@pytest.mark.parametrize("status", [100, 300, 301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_any_other_answer_is_a_failure_that_is_tried_again(status: int) -> None:
    verdict = judged(Answered(status, ""))
    assert (verdict.status, verdict.code, verdict.disables) == (DeliveryStatus.PENDING, "url_refused", None)
    assert str(status) in (verdict.message or "")


@pytest.mark.parametrize(
    "error", [TransientError("url_timeout", "it was silent"), PermanentError("url_not_allowed", "it is ours")]
)
def test_what_cannot_be_reached_may_be_later(error: MailsiftError) -> None:
    verdict = judged(error)
    assert (verdict.status, verdict.code, verdict.message) == (DeliveryStatus.PENDING, error.code, error.message)


def test_each_failure_doubles_the_wait_up_to_the_cap() -> None:
    delays = [judged(Answered(500, ""), failures=number).delay_seconds for number in (0, 1, 2, 8, 9, 40)]
    assert delays == [10, 20, 40, 2560, 3600, 3600]


@pytest.mark.parametrize(("hours", "status"), [(70, DeliveryStatus.PENDING), (71.5, DeliveryStatus.FAILED)])
def test_a_message_is_given_up_when_its_next_try_would_come_too_late(hours: float, status: DeliveryStatus) -> None:
    verdict = judged(Answered(500, ""), failures=20, age=dt.timedelta(hours=hours))
    assert (verdict.status, verdict.disables) == (status, None)


def test_with_the_usual_patience_a_message_is_tried_for_three_days() -> None:
    delays = (Patience().schedule.delay(number, 1) for number in range(100))
    tries = [at for at in accumulate(delays) if at <= Patience().give_up_after.total_seconds()]
    assert (len(tries), tries[0], round(tries[-1] / 86400, 1)) == (16, 30, 2.7)


def test_a_webhook_that_has_failed_for_days_is_told_nothing_any_more() -> None:
    assert judged(Answered(500, ""), failing=4.9 * DAY).disables is None
    verdict = judged(Answered(500, ""), failing=5 * DAY)
    assert (verdict.status, verdict.disables) == (DeliveryStatus.FAILED, FAILING)


def test_one_that_was_switched_off_meanwhile_is_not_told_again() -> None:
    verdict = judge(Answered(500, ""), Standing("export.completed", 0, NOW, None, enabled=False), PATIENCE, NOW, 0)
    assert (verdict.status, verdict.disables) == (DeliveryStatus.FAILED, None)


def test_one_that_says_it_is_gone_is_believed() -> None:
    verdict = judged(Answered(410, ""))
    assert (verdict.status, verdict.disables) == (DeliveryStatus.FAILED, GONE)


@pytest.mark.parametrize("event", ["analysis.progress", "webhook.test"])
def test_what_is_told_once_is_not_tried_again(event: str) -> None:
    assert judged(Answered(500, ""), event).status is DeliveryStatus.FAILED
