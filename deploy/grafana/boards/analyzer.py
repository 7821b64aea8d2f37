"""Analyzer: what nameservers say and how fast, what was known already, and why something is unknown."""

from __future__ import annotations

from deploy.grafana.boards.panels import Board, Panel, Query, Row

BOARD = Board(
    "analyzer",
    "mailsift: analyzer",
    "What nameservers say and how fast, what was known already, what the verdicts are, and why something is unknown.",
    rows=(
        Row(
            "Nameservers",
            (
                Panel(
                    "Questions",
                    "ops",
                    (
                        Query(
                            "sum by (record_type) (rate(mailsift_dns_queries_total[$__rate_interval]))",
                            "{{record_type}}",
                        ),
                    ),
                    "By what is asked for.",
                    stacked=True,
                ),
                Panel(
                    "How long a question takes, 95th percentile",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.95, sum by (le, record_type) "
                            "(rate(mailsift_dns_query_seconds_bucket[$__rate_interval])))",
                            "{{record_type}}",
                        ),
                    ),
                    "Repeated tries included.",
                ),
                Panel(
                    "Questions without an answer",
                    "percentunit",
                    (Query("mailsift:dns_unanswered:ratio_10m", "of all questions"),),
                    "Nobody answered in time, or nobody was there. Addresses become `unknown` by it, never `invalid`.",
                    limit=0.5,
                    alerts=("MailsiftDnsUnanswered",),
                    most=1,
                ),
                Panel(
                    "How questions end",
                    "ops",
                    (Query("sum by (outcome) (rate(mailsift_dns_queries_total[$__rate_interval]))", "{{outcome}}"),),
                    "found, nodata and nxdomain are knowledge; the rest is not.",
                    stacked=True,
                ),
                Panel(
                    "Domains that were known already",
                    "ops",
                    (Query("sum(rate(mailsift_domains_cached_total[$__rate_interval]))", "domains"),),
                    "Their facts were still fresh when an analysis was planned.",
                ),
                Panel(
                    "Lag of the event loop, 99th percentile",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.99, sum by (le, instance) "
                            "(rate(mailsift_event_loop_lag_seconds_bucket[$__rate_interval])))",
                            "{{instance}}",
                        ),
                    ),
                    "How late it comes to what is due: something blocks it, or the processor is short.",
                    limit=5,
                    alerts=("MailsiftEventLoopBlocked",),
                ),
            ),
        ),
        Row(
            "Verdicts",
            (
                Panel(
                    "Verdicts",
                    "ops",
                    (Query("sum by (status) (rate(mailsift_verdicts_total[$__rate_interval]))", "{{status}}"),),
                    "What addresses of lists were found to be.",
                    stacked=True,
                ),
                Panel(
                    "Unknown, by cause",
                    "ops",
                    (
                        Query(
                            'sum by (sub_status) (rate(mailsift_verdicts_total{status="unknown"}[$__rate_interval]))',
                            "{{sub_status}}",
                        ),
                    ),
                    "Unknown is never bad, but an operator can often do something about it.",
                    stacked=True,
                ),
                Panel(
                    "Unknown, of all verdicts",
                    "percentunit",
                    (
                        Query(
                            'sum(rate(mailsift_verdicts_total{status="unknown"}[30m]))'
                            " / sum(rate(mailsift_verdicts_total[30m]))",
                            "unknown",
                        ),
                    ),
                    "Over half an hour.",
                    limit=0.2,
                    most=1,
                ),
            ),
        ),
        Row(
            "Work",
            (
                Panel(
                    "Rows scored",
                    "ops",
                    (Query('sum(rate(mailsift_rows_total{stage="scored"}[$__rate_interval]))', "rows"),),
                    "In a second, by all replicas.",
                    width=12,
                ),
                Panel(
                    "Jobs that wait to ask nameservers",
                    "ops",
                    (Query('sum(rate(mailsift_rate_limit_waits_total{service="dns"}[$__rate_interval]))', "waits"),),
                    "Their workspace has asked about enough domains for now.",
                    width=12,
                ),
            ),
        ),
    ),
)
