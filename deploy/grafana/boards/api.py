"""API: requests, errors and how long they take, by route."""

from __future__ import annotations

from deploy.grafana.boards.panels import Board, Panel, Query, Row, Variable

_ROUTE = 'route=~"$route"'

BOARD = Board(
    "api",
    "mailsift: API",
    "Requests, errors and how long they take, by route; streams that are open.",
    variables=(Variable("route", "Route", "mailsift_http_requests_total"),),
    rows=(
        Row(
            "Requests",
            (
                Panel(
                    "Errors, of all requests",
                    "percentunit",
                    (Query("mailsift:http_errors:ratio_5m", "5xx"),),
                    "The API's own fault, over 5 minutes.",
                    limit=0.01,
                    alerts=("MailsiftHttpErrors",),
                ),
                Panel(
                    "Requests, by status",
                    "reqps",
                    (
                        Query(
                            f"sum by (status) (rate(mailsift_http_requests_total{{{_ROUTE}}}[$__rate_interval]))",
                            "{{status}}",
                        ),
                    ),
                    "Of the routes that were chosen.",
                    stacked=True,
                ),
                Panel(
                    "Requests, by route",
                    "reqps",
                    (
                        Query(
                            "topk(10, sum by (method, route) "
                            f"(rate(mailsift_http_requests_total{{{_ROUTE}}}[$__rate_interval])))",
                            "{{method}} {{route}}",
                        ),
                    ),
                    "The ten busiest.",
                ),
                Panel(
                    "Time to the answer, 95th percentile",
                    "s",
                    (
                        Query(
                            "topk(10, histogram_quantile(0.95, sum by (le, method, route) "
                            f"(rate(mailsift_http_request_seconds_bucket{{{_ROUTE}}}[$__rate_interval]))))",
                            "{{method}} {{route}}",
                        ),
                    ),
                    "The ten slowest routes.",
                ),
                Panel(
                    "Errors, by route",
                    "reqps",
                    (
                        Query(
                            "sum by (method, route) "
                            f'(rate(mailsift_http_requests_total{{status=~"5..",{_ROUTE}}}[$__rate_interval])) > 0',
                            "{{method}} {{route}}",
                        ),
                    ),
                    "Where they come from.",
                ),
                Panel(
                    "Refused requests",
                    "reqps",
                    (
                        Query(
                            "sum by (status) "
                            f'(rate(mailsift_http_requests_total{{status=~"4..",{_ROUTE}}}[$__rate_interval]))',
                            "{{status}}",
                        ),
                    ),
                    "401: keys that are wrong. 429: more than is allowed. 422: not understood.",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Beside requests",
            (
                Panel(
                    "Streams open",
                    "short",
                    (Query("sum by (instance) (mailsift_http_streams_open)", "{{instance}}"),),
                    "Clients that follow a job; a replica takes MAX_STREAMS (100).",
                    limit=90,
                ),
                Panel(
                    "Turned away by the plan",
                    "ops",
                    (
                        Query(
                            'sum(rate(mailsift_rate_limit_waits_total{service="jobs"}[$__rate_interval]))', "requests"
                        ),
                    ),
                    "Requests and schedules beyond what the plan gives in an hour.",
                ),
                Panel(
                    "Webhook deliveries",
                    "ops",
                    (
                        Query(
                            "sum by (outcome) (rate(mailsift_webhook_deliveries_total[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                    "Tries of the exporter to tell webhooks, and how they went.",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Webhooks",
            (
                Panel(
                    "Failures, of all tries",
                    "percentunit",
                    (Query("mailsift:webhooks_untold:ratio_15m", "not told"),),
                    "Over 15 minutes. Some listener always fails; all of them do when the way out is closed.",
                    limit=0.9,
                    alerts=("MailsiftWebhooksFailing",),
                    most=1,
                ),
                Panel(
                    "Oldest message that no worker takes",
                    "s",
                    (Query('max(mailsift_dispatch_oldest_seconds{queue="exporter.deliveries"})', "hint is out"),),
                    "Above a minute, no thread of the exporter is free, or none is there.",
                    limit=60,
                    alerts=("MailsiftWebhooksLate",),
                ),
                Panel(
                    "Messages that are due",
                    "short",
                    (Query("max(mailsift_deliveries_due)", "due"),),
                    "Of a listener that is slow, four are told at once, and the others wait.",
                ),
                Panel(
                    "Oldest message that is due",
                    "s",
                    (Query("max(mailsift_deliveries_oldest_due_seconds)", "due"),),
                    "A slow listener makes its own messages wait, and no others.",
                ),
            ),
        ),
    ),
)
