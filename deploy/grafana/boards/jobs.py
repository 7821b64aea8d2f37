"""Jobs: by queue and type, how long they wait and run, what is retried, what has died."""

from __future__ import annotations

from deploy.grafana.boards.panels import Board, Panel, Query, Row, Variable

_QUEUE = '{queue=~"$queue"}'
_TYPE = '{job_type=~"$job_type"}'


def _quantile(share: float, metric: str) -> str:
    buckets = f"rate({metric}_bucket{_TYPE}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by (le, job_type) ({buckets}))"


BOARD = Board(
    "jobs",
    "mailsift: jobs",
    "What waits, what runs, what was tried again and what has died, by queue and by type.",
    variables=(
        Variable("queue", "Queue", "mailsift_jobs_due"),
        Variable("job_type", "Type", "mailsift_jobs_started_total"),
    ),
    rows=(
        Row(
            "Queues",
            (
                Panel(
                    "Oldest job that is due",
                    "s",
                    (Query(f"max by (queue) (mailsift_jobs_oldest_due_seconds{_QUEUE})", "{{queue}}"),),
                    "Age, not number, says whether somebody waits for too long.",
                    limit=60,
                    alerts=("MailsiftJobsWaiting",),
                ),
                Panel(
                    "Jobs that are due",
                    "short",
                    (Query(f"max by (queue) (mailsift_jobs_due{_QUEUE})", "{{queue}}"),),
                    "They could begin now.",
                ),
                Panel(
                    "Jobs that run",
                    "short",
                    (Query(f"max by (queue) (mailsift_jobs_running{_QUEUE})", "{{queue}}"),),
                    "Workers hold them.",
                ),
                Panel(
                    "Oldest job whose hint is not out",
                    "s",
                    (Query(f"max by (queue) (mailsift_jobs_oldest_unsent_seconds{_QUEUE})", "{{queue}}"),),
                    "While the window has room, nothing waits here for longer than a second.",
                    limit=30,
                    alerts=("MailsiftJobsNotSent",),
                ),
                Panel(
                    "Hints out, and the window",
                    "short",
                    (
                        Query(f"max by (queue) (mailsift_dispatch_outstanding{_QUEUE})", "{{queue}}"),
                        Query(f"max by (queue) (mailsift_dispatch_window{_QUEUE})", "window of {{queue}}"),
                    ),
                    "At the window, the workers are the bottleneck.",
                ),
                Panel(
                    "Paused",
                    "short",
                    (
                        Query("max(mailsift_dispatcher_paused)", "RabbitMQ cannot be reached"),
                        Query(f"max by (queue) (mailsift_queue_paused{_QUEUE})", "{{queue}} is held back"),
                    ),
                    "1 while hints are held back: by RabbitMQ's absence, or by an operator.",
                    limit=1,
                    alerts=("MailsiftDispatcherPaused", "MailsiftQueuePaused"),
                    most=1,
                ),
            ),
        ),
        Row(
            "Types",
            (
                Panel(
                    "Wait for the start, 95th percentile",
                    "s",
                    (Query(_quantile(0.95, "mailsift_job_wait_seconds"), "{{job_type}}"),),
                    "From when a job was due to its claim.",
                    limit=5,
                    alerts=("MailsiftJobsStartLate",),
                ),
                Panel(
                    "Run time, 95th percentile",
                    "s",
                    (Query(_quantile(0.95, "mailsift_job_run_seconds"), "{{job_type}}"),),
                    "From the claim to the end of the attempt.",
                ),
                Panel(
                    "Claims",
                    "ops",
                    (
                        Query(
                            f"sum by (job_type) (rate(mailsift_jobs_started_total{_TYPE}[$__rate_interval]))",
                            "{{job_type}}",
                        ),
                    ),
                    "How many attempts begin.",
                    stacked=True,
                ),
                Panel(
                    "Retries",
                    "ops",
                    (
                        Query(
                            "sum by (job_type) (rate(mailsift_jobs_ended_total"
                            '{outcome="retried",job_type=~"$job_type"}[$__rate_interval]))',
                            "{{job_type}}",
                        ),
                    ),
                    "Attempts that failed and are tried again.",
                ),
                Panel(
                    "Failed jobs",
                    "ops",
                    (
                        Query(
                            "sum by (job_type) (rate(mailsift_jobs_ended_total"
                            '{outcome="failed",job_type=~"$job_type"}[$__rate_interval]))',
                            "{{job_type}}",
                        ),
                    ),
                    "The input is at fault; nobody need look, unless there are many.",
                ),
                Panel(
                    "Dead letters",
                    "short",
                    (Query(f"max by (queue) (mailsift_dead_letters{_QUEUE})", "{{queue}}"),),
                    "Retries are used up. What was looked at stays until retention takes it: watch for new ones.",
                    alerts=("MailsiftDeadLetters",),
                ),
            ),
        ),
        Row(
            "Recovery",
            (
                Panel(
                    "What should not happen",
                    "short",
                    (
                        Query(
                            "sum by (outcome) (increase(mailsift_leases_reaped_total[15m]))",
                            "leases reaped: {{outcome}}",
                        ),
                        Query("sum(increase(mailsift_writes_fenced_total[15m]))", "writes fenced"),
                        Query("sum(increase(mailsift_hints_lost_total[15m]))", "hints lost"),
                        Query("sum(increase(mailsift_parents_mended_total[15m]))", "parents mended"),
                        Query("sum(increase(mailsift_followers_mended_total[15m]))", "followers mended"),
                    ),
                    "In 15 minutes each. All of it heals by itself; all of it has a cause.",
                    limit=1,
                    alerts=("MailsiftWritesFenced", "MailsiftLeasesReaped", "MailsiftInvariantBroken"),
                ),
                Panel(
                    "Hints for jobs that were not there to claim",
                    "percentunit",
                    (Query("mailsift:claims_refused:ratio_15m", "of all hints"),),
                    "Sent twice, cancelled, or taken by another.",
                    limit=0.05,
                    alerts=("MailsiftDuplicateClaims",),
                ),
                Panel(
                    "Hints that RabbitMQ did not confirm",
                    "ops",
                    (Query("sum(rate(mailsift_publish_failures_total[$__rate_interval]))", "hints"),),
                    "They are sent again.",
                ),
                Panel(
                    "Failing chores",
                    "short",
                    (Query("sum by (chore) (increase(mailsift_chore_failures_total[15m]))", "{{chore}}"),),
                    "Turns of the dispatcher's chores that failed, in 15 minutes.",
                    limit=3,
                    alerts=("MailsiftChoresFailing",),
                ),
                Panel(
                    "Time that chores take, 95th percentile",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.95, sum by (le, chore) "
                            "(rate(mailsift_chore_seconds_bucket[$__rate_interval])))",
                            "{{chore}}",
                        ),
                    ),
                    "A slow database shows here first.",
                ),
                Panel(
                    "Cleared away",
                    "short",
                    (Query("sum by (kind) (increase(mailsift_retention_removed_total[1h]))", "{{kind}}"),),
                    "By retention, in an hour.",
                ),
                Panel(
                    "Oldest erasure that is not completed",
                    "s",
                    (Query("max(mailsift_erasures_oldest_open_seconds)", "asked for"),),
                    "Since when somebody waits for the proof that a person's data is gone.",
                    limit=24 * 3600,
                    alerts=("MailsiftErasureStuck",),
                ),
                Panel(
                    "Erasures that are not completed",
                    "short",
                    (Query("max(mailsift_erasures_open)", "open"),),
                    "Each searches everything, at least twice.",
                ),
            ),
        ),
    ),
)
