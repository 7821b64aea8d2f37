"""Overview: is it healthy, how much does it do, and how fast."""

from __future__ import annotations

from deploy.grafana.boards.panels import Board, Panel, Query, Row

_ASKED_FOR = 'job_type!~"domain_resolution|email_scoring"'

BOARD = Board(
    "overview",
    "mailsift: overview",
    "Is it healthy, how much does it do, and how fast. The rest is on the other dashboards.",
    rows=(
        Row(
            "Is it healthy?",
            (
                Panel(
                    "Replicas that answer",
                    "short",
                    (Query('sum by (job) (up{job=~"mailsift-.+"})', "{{job}}"),),
                    "Of each service, how many answer their scrapes.",
                    limit=1,
                    good_above=True,
                    alerts=("MailsiftServiceDown", "MailsiftTargetDown"),
                    kind="stat",
                    width=12,
                ),
                Panel(
                    "Started within 5 seconds, over 30 days",
                    "percentunit",
                    (Query("1 - mailsift:slo_start:error_ratio_30d", "started in time"),),
                    "Of the jobs that users asked for. The objective is 99.9 %.",
                    limit=0.999,
                    good_above=True,
                    alerts=("MailsiftStartObjectiveBurnsFast", "MailsiftStartObjectiveBurns"),
                    kind="stat",
                    width=6,
                    most=1,
                ),
                Panel(
                    "Ended well, over 30 days",
                    "percentunit",
                    (Query("1 - mailsift:slo_end:error_ratio_30d", "ended"),),
                    "Of all jobs, those that are no dead letters. The objective is 99.99 %.",
                    limit=0.9999,
                    good_above=True,
                    alerts=("MailsiftEndObjectiveBurnsFast", "MailsiftEndObjectiveBurns"),
                    kind="stat",
                    width=6,
                    most=1,
                ),
                Panel(
                    "Alerts that fire",
                    "short",
                    (Query('count by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
                    "Each has its section in docs/operations.md.",
                    limit=1,
                    width=12,
                ),
                Panel(
                    "Memory",
                    "bytes",
                    (Query('max by (job) (process_resident_memory_bytes{job=~"mailsift-.+"})', "{{job}}"),),
                    "Of the largest replica of each service; a pod may have 500 MiB.",
                    limit=450 * 1024**2,
                    alerts=("MailsiftMemoryHigh",),
                    width=12,
                ),
            ),
        ),
        Row(
            "How much?",
            (
                Panel(
                    "Jobs ended",
                    "ops",
                    (Query("sum by (outcome) (rate(mailsift_jobs_ended_total[$__rate_interval]))", "{{outcome}}"),),
                    "Attempts that ended, and how.",
                    stacked=True,
                ),
                Panel(
                    "Rows",
                    "ops",
                    (Query("sum by (stage) (rate(mailsift_rows_total[$__rate_interval]))", "{{stage}}"),),
                    "Rows that were parsed, scored and exported in a second.",
                ),
                Panel(
                    "Requests",
                    "reqps",
                    (Query("sum(rate(mailsift_http_requests_total[$__rate_interval]))", "requests"),),
                    "Requests to the API.",
                ),
            ),
        ),
        Row(
            "How fast?",
            (
                Panel(
                    "Wait for the start",
                    "s",
                    (
                        Query("mailsift:job_wait_seconds:p95_5m", "95th percentile"),
                        Query(
                            "histogram_quantile(0.5, sum by (le) "
                            f"(rate(mailsift_job_wait_seconds_bucket{{{_ASKED_FOR}}}[5m])))",
                            "median",
                        ),
                    ),
                    "From when a job that a user asked for was due to its claim.",
                    limit=5,
                ),
                Panel(
                    "Oldest job that is due",
                    "s",
                    (Query("mailsift:jobs_oldest_due_seconds:max", "{{queue}}"),),
                    "How long the first of each queue has waited.",
                    limit=60,
                ),
                Panel(
                    "Answers of the API",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.95, sum by (le) "
                            "(rate(mailsift_http_request_seconds_bucket[$__rate_interval])))",
                            "95th percentile",
                        ),
                    ),
                    "From a request to its answer, over all routes.",
                ),
            ),
        ),
    ),
)
