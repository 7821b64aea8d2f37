"""Infrastructure: storage and database as the services see them, RabbitMQ and PostgreSQL as they see themselves."""

from __future__ import annotations

from deploy.grafana.boards.panels import Board, Panel, Query, Row

_DEAD_LETTER_QUEUES = 'vhost="mailsift",queue=~".+[.](DQ|XQ)"'
_QUEUES = 'vhost="mailsift",queue!~".+[.](DQ|XQ)"'

BOARD = Board(
    "infrastructure",
    "mailsift: infrastructure",
    "Object storage, RabbitMQ (its own plugin) and PostgreSQL (postgres_exporter).",
    rows=(
        Row(
            "Seen from the services",
            (
                Panel(
                    "Failing storage operations",
                    "ops",
                    (
                        Query(
                            "sum by (job, operation) "
                            '(rate(mailsift_storage_operations_total{outcome="failed"}[$__rate_interval]))',
                            "{{job}} {{operation}}",
                        ),
                    ),
                    "What the object storage could not do.",
                    alerts=("MailsiftStorageFailing",),
                ),
                Panel(
                    "Storage, 95th percentile",
                    "s",
                    (
                        Query(
                            "histogram_quantile(0.95, sum by (le, operation) "
                            "(rate(mailsift_storage_seconds_bucket[$__rate_interval])))",
                            "{{operation}}",
                        ),
                    ),
                    "A write ends with its last byte, and is as slow as whoever writes it.",
                ),
                Panel(
                    "Connections used, of those allowed",
                    "percentunit",
                    (
                        Query(
                            'max by (job) (sum by (job, instance) (mailsift_database_connections{state="used"})'
                            " / sum by (job, instance) (mailsift_database_connections_limit))",
                            "{{job}}",
                        ),
                    ),
                    "Of the fullest pool of each service.",
                    limit=1,
                    alerts=("MailsiftDatabasePoolFull",),
                ),
            ),
        ),
        Row(
            "RabbitMQ",
            (
                Panel(
                    "Nodes that answer",
                    "short",
                    (Query('sum(up{job="rabbitmq"})', "nodes"),),
                    "Those whose scrapes succeed.",
                    limit=1,
                    good_above=True,
                    alerts=("RabbitmqDown", "RabbitmqNodeDown", "RabbitmqFileDescriptorsShort"),
                    kind="stat",
                ),
                Panel(
                    "Messages in dead-letter queues",
                    "short",
                    (
                        Query(
                            f"sum by (queue) (rabbitmq_detailed_queue_messages{{{_DEAD_LETTER_QUEUES}}}) > 0",
                            "{{queue}}",
                        ),
                    ),
                    "None belongs there: a handler's failure is written into its job's row.",
                    limit=1,
                    alerts=("MailsiftStrayMessages",),
                ),
                Panel(
                    "Consumers",
                    "short",
                    (Query(f"sum by (queue) (rabbitmq_detailed_queue_consumers{{{_QUEUES}}})", "{{queue}}"),),
                    "Workers that take hints.",
                    limit=1,
                    good_above=True,
                    alerts=("RabbitmqQueueWithoutConsumer",),
                ),
                Panel(
                    "Memory",
                    "bytes",
                    (
                        Query("rabbitmq_process_resident_memory_bytes", "{{instance}}"),
                        Query("rabbitmq_resident_memory_limit_bytes", "limit of {{instance}}"),
                    ),
                    "Above its limit it takes no messages.",
                    alerts=("RabbitmqMemoryAlarm",),
                ),
                Panel(
                    "Free disk",
                    "bytes",
                    (
                        Query("rabbitmq_disk_space_available_bytes", "{{instance}}"),
                        Query("rabbitmq_disk_space_available_limit_bytes", "limit of {{instance}}"),
                    ),
                    "Below its limit it takes no messages.",
                    alerts=("RabbitmqDiskAlarm", "RabbitmqDiskFillsUp"),
                ),
                Panel(
                    "Messages",
                    "ops",
                    (
                        Query("sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))", "received"),
                        Query(
                            "sum(rate(rabbitmq_global_messages_acknowledged_total[$__rate_interval]))", "acknowledged"
                        ),
                        Query("sum(rate(rabbitmq_global_messages_redelivered_total[$__rate_interval]))", "redelivered"),
                        Query(
                            "sum(rate(rabbitmq_global_messages_unroutable_dropped_total[$__rate_interval]))",
                            "unroutable",
                        ),
                    ),
                    "Hints on their way.",
                    alerts=("RabbitmqMessagesUnroutable",),
                ),
            ),
        ),
        Row(
            "PostgreSQL",
            (
                Panel(
                    "Answers",
                    "short",
                    (Query("min by (instance) (pg_up)", "{{instance}}"),),
                    "1 while it answers its exporter.",
                    limit=1,
                    good_above=True,
                    alerts=("PostgresqlDown",),
                    kind="stat",
                ),
                Panel(
                    "Connections, of those allowed",
                    "percentunit",
                    (
                        Query(
                            "sum by (instance) (pg_stat_activity_count)"
                            " / on (instance) max by (instance) (pg_settings_max_connections)",
                            "{{instance}}",
                        ),
                    ),
                    "By all roles together.",
                    limit=0.85,
                    alerts=("PostgresqlConnectionsShort",),
                    most=1,
                ),
                Panel(
                    "Longest transaction",
                    "s",
                    (Query('max by (state) (pg_stat_activity_max_tx_duration{datname="mailsift"})', "{{state}}"),),
                    "While one is open, nothing dead is cleared away.",
                    limit=1800,
                    alerts=("PostgresqlTransactionHeld",),
                ),
                Panel(
                    "Transactions",
                    "ops",
                    (
                        Query(
                            'sum(rate(pg_stat_database_xact_commit{datname="mailsift"}[$__rate_interval]))', "committed"
                        ),
                        Query(
                            'sum(rate(pg_stat_database_xact_rollback{datname="mailsift"}[$__rate_interval]))',
                            "rolled back",
                        ),
                        Query(
                            'sum(rate(pg_stat_database_deadlocks{datname="mailsift"}[$__rate_interval]))', "deadlocks"
                        ),
                    ),
                    "Of the database mailsift.",
                    alerts=("PostgresqlDeadlocks",),
                ),
                Panel(
                    "Rows written",
                    "ops",
                    (
                        Query(
                            'sum(rate(pg_stat_database_tup_inserted{datname="mailsift"}[$__rate_interval]))', "inserted"
                        ),
                        Query(
                            'sum(rate(pg_stat_database_tup_updated{datname="mailsift"}[$__rate_interval]))', "updated"
                        ),
                        Query(
                            'sum(rate(pg_stat_database_tup_deleted{datname="mailsift"}[$__rate_interval]))', "deleted"
                        ),
                    ),
                    "Of the database mailsift.",
                ),
                Panel(
                    "Size",
                    "bytes",
                    (Query('sum(pg_database_size_bytes{datname="mailsift"})', "mailsift"),),
                    "On disk.",
                ),
            ),
        ),
        Row(
            "PostgreSQL by CloudNativePG",
            (
                Panel(
                    "Behind the primary",
                    "s",
                    (Query("max by (pod) (cnpg_pg_replication_lag)", "{{pod}}"),),
                    "How late a replica is; empty where CloudNativePG does not run.",
                    limit=300,
                    alerts=(
                        "CloudnativepgInstanceDown",
                        "CloudnativepgReplicationLags",
                        "CloudnativepgReplicaNotStreaming",
                        "CloudnativepgArchivingFails",
                    ),
                ),
                Panel(
                    "Longest transaction",
                    "s",
                    (Query("max by (pod) (cnpg_backends_max_tx_duration_seconds)", "{{pod}}"),),
                    "While one is open, nothing dead is cleared away.",
                    limit=1800,
                    alerts=("CloudnativepgTransactionHeld", "CloudnativepgBackendsWaiting"),
                ),
                Panel(
                    "Transaction ids used since the last freeze",
                    "short",
                    (Query("max by (datname) (cnpg_pg_database_xid_age)", "{{datname}}"),),
                    "At two thousand million it takes no more writes.",
                    limit=300_000_000,
                    alerts=("CloudnativepgTransactionIdsShort",),
                ),
                Panel(
                    "Deadlocks",
                    "short",
                    (
                        Query(
                            'sum by (datname) (increase(cnpg_pg_stat_database_deadlocks{datname="mailsift"}[15m]))',
                            "{{datname}}",
                        ),
                    ),
                    "Within 15 minutes: transactions that locked each other out.",
                    limit=1,
                    alerts=("CloudnativepgDeadlocks",),
                ),
            ),
        ),
    ),
)
