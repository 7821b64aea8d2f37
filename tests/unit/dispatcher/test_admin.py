from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest

from mailsift.dispatcher import admin, reports
from mailsift.dispatcher.reports import DeadLetters, Moved, Queues, Redriven, Refused, Resumed, Shown, Skipped
from mailsift.shared.jobs.repository.inspecting import (
    Cause,
    DeadLetter,
    Event,
    JobState,
    LogLine,
    Parts,
    QueueState,
)
from mailsift.shared.jobs.states import JobStatus

JOB, ROOT, WORKSPACE = (uuid.UUID(int=number) for number in (1, 2, 3))
AT = dt.datetime(2026, 5, 1, 12, 30, tzinfo=dt.UTC)
PAUSED = QueueState("exporter.files", 3, 1, 2, 4, 0, 7384.4, 7384.4, AT, "no disk")
IDLE = QueueState("ingest.files", 0, 0, 0, 0, 0, None, None, None, None)


def letter(root_status: JobStatus = JobStatus.FAILED, *, redrivable: bool = True) -> DeadLetter:
    return DeadLetter(
        JOB, ROOT, root_status, redrivable, WORKSPACE, "analyzer.scores", "email_scoring", "worker_lost", "lost", 6, AT
    )


def job() -> JobState:
    return JobState(
        job_id=JOB,
        status=JobStatus.PENDING,
        parent_job_id=None,
        after_job_id=ROOT,
        workspace_id=WORKSPACE,
        subject_id=ROOT,
        job_type="export",
        queue="exporter.files",
        priority=0,
        progress=0,
        step=None,
        attempt=0,
        retry_count=0,
        max_retries=5,
        code=None,
        message=None,
        worker_id=None,
        created_at=AT,
        due_at=None,
        sent_at=None,
        attempt_started_at=None,
        lease_until=None,
        cancel_requested_at=None,
        completed_at=None,
        deleted_at=None,
        queue_paused_since=None,
    )


def test_queues_stand_in_a_table() -> None:
    assert Queues([PAUSED, IDLE]).lines() == [
        "queue           due  sent  running  waiting  dead  oldest due  paused",
        "exporter.files  3    2     4        1        0     2:03:04     since 2026-05-01 12:30:00Z: no disk",
        "ingest.files    0    0     0        0        0     -           -",
    ]


def test_a_queue_that_was_not_paused_is_told_as_such() -> None:
    assert Resumed(IDLE, changed=False).lines() == ["ingest.files was not paused"]


def test_dead_letters_are_told_with_their_roots_and_summed_up() -> None:
    causes = [Cause("email_scoring", "worker_lost", 12), Cause("export", None, 3)]
    assert DeadLetters(causes, [letter()]).lines() == [
        f"{JOB}  2026-05-01 12:30:00Z  email_scoring  worker_lost  after 6 failures",
        f"    part of {ROOT} (failed), workspace {WORKSPACE}",
        "    lost",
        "12  email_scoring  worker_lost",
        "3   export         -",
        "15 dead letters, 1 listed",
    ]


@pytest.mark.parametrize(
    ("root_status", "reason"),
    [
        (JobStatus.PROCESSING, "its job is still processing"),
        (JobStatus.COMPLETED, "its job has completed without it"),
        (JobStatus.CANCELLED, "its job was cancelled"),
        (JobStatus.FAILED, "its job failed for another reason"),
    ],
)
def test_a_dead_letter_that_a_redrive_leaves_alone_says_why(root_status: JobStatus, reason: str) -> None:
    assert DeadLetters([], [letter(root_status, redrivable=False)]).lines()[1].endswith(f"alone: {reason}")


def test_a_redrive_sums_up_what_it_did() -> None:
    answer = Redriven(dry_run=True, redriven=[JOB], skipped=[Skipped(ROOT, "it has moved meanwhile")], left=7)
    assert answer.lines() == [
        f"{JOB}  would be redriven",
        f"{ROOT}  skipped: it has moved meanwhile",
        "1 jobs would be redriven, 1 skipped, 7 beyond the limit",
    ]


def test_the_life_of_a_job_is_told_without_what_is_not_known() -> None:
    shown = Shown(
        job(),
        [Parts("email_scoring", "failed", 2)],
        [Event(AT, "pending", 0, "queued", None)],
        [LogLine(AT, 1, "error", "no space left")],
    )
    lines = shown.lines()
    assert f"after job id  {ROOT}" in lines
    assert not any(line.startswith(("step", "worker id", "due at")) for line in lines)
    assert lines[lines.index("parts") :] == [
        "parts",
        "  email_scoring  failed  2",
        "",
        "history",
        "  2026-05-01 12:30:00Z  0  pending  queued",
        "",
        "log",
        "  2026-05-01 12:30:00Z  1  error  no space left",
    ]


def test_programs_read_the_words_of_the_api() -> None:
    answer = DeadLetters([Cause("export", None, 1)], [letter()])
    assert json.loads(reports.as_json(answer)) == {
        "causes": [{"jobType": "export", "code": None, "count": 1}],
        "deadLetters": [
            {
                "jobId": str(JOB),
                "rootId": str(ROOT),
                "rootStatus": "failed",
                "redrivable": True,
                "workspaceId": str(WORKSPACE),
                "queue": "analyzer.scores",
                "jobType": "email_scoring",
                "code": "worker_lost",
                "message": "lost",
                "retryCount": 6,
                "diedAt": "2026-05-01T12:30:00+00:00",
            }
        ],
    }


def test_a_terminal_gets_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert admin._tell(Moved(JOB, JobStatus.PENDING, "\x1b[2Jgone\n\x07"), for_programs=False) == 0
    assert capsys.readouterr().out == f"{JOB}  ?[2Jgone??\n"


@pytest.mark.parametrize(("for_programs", "out"), [(True, f'{{"jobId": "{JOB}", "reason": "no"}}\n'), (False, "")])
def test_what_is_not_found_ends_with_1(capsys: pytest.CaptureFixture[str], for_programs: bool, out: str) -> None:
    assert admin._tell(Refused(JOB, "no"), for_programs=for_programs) == 1
    assert capsys.readouterr().out == out


def test_help_needs_no_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        admin.main(["dead-letters", "--help"])
    assert ended.value.code == 0
    assert "--code" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pause", "exports"], "exporter.files"),
        (["redrive"], "--all"),
        (["redrive", "--limit", "3"], "--all"),
        (["redrive", "--all", "--limit", "0"], "--limit"),
        (["dead-letters", "--type", "exports"], "email_scoring"),
        (["show", "17"], "JOB"),
        ([], "dead-letters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        admin.main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("url", [None, "", "mysql://x"])
def test_the_command_without_a_database_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    if url is not None:
        monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit) as ended:
        admin.main(["queues"])
    assert ended.value.code == 2
    assert "DATABASE_URL" in capsys.readouterr().err
