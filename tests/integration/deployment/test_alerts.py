"""Every alert fires when it should, and is silent when it should be, as promtool sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment import ROOT
from servers import prometheus_program

FOLDER = ROOT / "deploy/prometheus"
RULES = ("recording.yml", "objectives.yml", "alerts.yml", "servers.yml", "cloudnativepg.yml")

Series = Mapping[str, str]
"""Values a minute apart, in promtool's notation: `0+1x9` is 0 and nine steps of 1, `5x9` ten times 5."""


@dataclass(frozen=True, slots=True)
class Case:
    """What makes an alert fire by a minute, and what is just not enough."""

    fires: Series
    silent: Series
    minute: int = 30


ASKED = 'job_type="single_analysis"'
PART = 'job_type="email_scoring"'
QUEUE = 'queue="analyzer.scores"'
UP = {
    f'up{{job="mailsift-{word}",instance="one"}}': "1x90"
    for word in ("api", "dispatcher", "ingest", "analyzer", "exporter")
}


def waits(late: str, every: str, job_type: str = ASKED) -> Series:
    """Jobs that started, of which all but `late` did so in time, by its difference to `every`."""
    return {
        f'mailsift_job_wait_seconds_bucket{{{job_type},le="5.0"}}': late,
        f'mailsift_job_wait_seconds_bucket{{{job_type},le="15.0"}}': every,
        f'mailsift_job_wait_seconds_bucket{{{job_type},le="+Inf"}}': every,
        f"mailsift_job_wait_seconds_count{{{job_type}}}": every,
    }


def ends(completed: str, dead: str) -> Series:
    return {
        f'mailsift_jobs_ended_total{{{ASKED},outcome="completed"}}': completed,
        f'mailsift_jobs_ended_total{{{ASKED},outcome="dead_letter"}}': dead,
        'mailsift_leases_reaped_total{outcome="dead_letter"}': "0x500",
        'mailsift_leases_reaped_total{outcome="cancelled"}': "0x500",
    }


def gauge(name: str, fires: float, silent: float, minute: int = 30) -> Case:
    return Case({name: f"{fires}x400"}, {name: f"{silent}x400"}, minute)


def counted(name: str, minute: int = 30) -> Case:
    """One event is enough; an old one is not."""
    return Case({name: "0x25 1x10"}, {name: "1x40"}, minute)


POOL = 'job="mailsift-api",instance="one",pool="mailsift-api"'
CASES = {
    "MailsiftJobsStartLate": Case(waits("0+90x40", "0+100x40"), waits("0+99x40", "0+100x40")),
    "MailsiftJobsWaiting": Case(
        {f"mailsift_jobs_oldest_due_seconds{{{QUEUE}}}": "61x40", f"mailsift_queue_paused{{{QUEUE}}}": "0x40"},
        {f"mailsift_jobs_oldest_due_seconds{{{QUEUE}}}": "900x40", f"mailsift_queue_paused{{{QUEUE}}}": "1x40"},
    ),
    "MailsiftJobsNotSent": Case(
        {
            f"mailsift_jobs_oldest_unsent_seconds{{{QUEUE}}}": "31x40",
            f"mailsift_dispatch_outstanding{{{QUEUE}}}": "0x40",
            f"mailsift_dispatch_window{{{QUEUE}}}": "4x40",
        },
        {
            f"mailsift_jobs_oldest_unsent_seconds{{{QUEUE}}}": "900x40",
            f"mailsift_dispatch_outstanding{{{QUEUE}}}": "200x40",
            f"mailsift_dispatch_window{{{QUEUE}}}": "200x40",
        },
    ),
    "MailsiftDispatcherPaused": gauge("mailsift_dispatcher_paused", 1, 0),
    "MailsiftQueuePaused": Case(
        {f"mailsift_queue_paused{{{QUEUE}}}": "1x300"}, {f"mailsift_queue_paused{{{QUEUE}}}": "0x200 1x100"}, 290
    ),
    "MailsiftWritesFenced": counted("mailsift_writes_fenced_total"),
    "MailsiftLeasesReaped": counted('mailsift_leases_reaped_total{outcome="pending"}'),
    "MailsiftDuplicateClaims": Case(
        {"mailsift_claims_refused_total": "0+6x60", f"mailsift_jobs_started_total{{{ASKED}}}": "0+94x60"},
        {"mailsift_claims_refused_total": "0+4x60", f"mailsift_jobs_started_total{{{ASKED}}}": "0+96x60"},
        50,
    ),
    "MailsiftDeadLetters": Case(
        {f"mailsift_dead_letters{{{QUEUE}}}": "7x24 8x10"}, {f"mailsift_dead_letters{{{QUEUE}}}": "7x40"}
    ),
    "MailsiftInvariantBroken": Case(
        {"mailsift_parents_mended_total": "0x25 1x10", "mailsift_followers_mended_total": "0x40"},
        {"mailsift_parents_mended_total": "1x40", "mailsift_followers_mended_total": "2x40"},
    ),
    "MailsiftStrayMessages": Case(
        {'rabbitmq_detailed_queue_messages{vhost="mailsift",queue="ingest.files.XQ"}': "1x40"},
        {'rabbitmq_detailed_queue_messages{vhost="mailsift",queue="ingest.files"}': "9x40"},
    ),
    "MailsiftServiceDown": Case({**UP, 'up{job="mailsift-ingest",instance="one"}': "0x40"}, UP),
    "MailsiftTargetDown": Case({'up{job="mailsift-api",instance="two"}': "0x40"}, UP),
    "MailsiftMemoryHigh": gauge(
        'process_resident_memory_bytes{job="mailsift-ingest",instance="one"}', 480 * 1024**2, 400 * 1024**2
    ),
    "MailsiftEventLoopBlocked": Case(
        {
            'mailsift_event_loop_lag_seconds_count{job="mailsift-analyzer",instance="one"}': "0+240x40",
            'mailsift_event_loop_lag_seconds_bucket{job="mailsift-analyzer",instance="one",le="5.0"}': "0+239x40",
        },
        {
            'mailsift_event_loop_lag_seconds_count{job="mailsift-analyzer",instance="one"}': "0+240x40",
            'mailsift_event_loop_lag_seconds_bucket{job="mailsift-analyzer",instance="one",le="5.0"}': "0+240x40",
        },
    ),
    "MailsiftDnsUnanswered": Case(
        {
            'mailsift_dns_queries_total{record_type="MX",outcome="timeout"}': "0+60x40",
            'mailsift_dns_queries_total{record_type="MX",outcome="found"}': "0+40x40",
        },
        {
            'mailsift_dns_queries_total{record_type="MX",outcome="timeout"}': "0+40x40",
            'mailsift_dns_queries_total{record_type="MX",outcome="nxdomain"}': "0+60x40",
        },
    ),
    "MailsiftHttpErrors": Case(
        {
            'mailsift_http_requests_total{route="/api/jobs",status="500"}': "0+2x40",
            'mailsift_http_requests_total{route="/api/jobs",status="200"}': "0+98x40",
        },
        {
            'mailsift_http_requests_total{route="/api/jobs",status="404"}': "0+98x40",
            'mailsift_http_requests_total{route="/api/jobs",status="500"}': "1x40",
        },
    ),
    "MailsiftStorageFailing": Case(
        {'mailsift_storage_operations_total{job="mailsift-ingest",operation="read",outcome="failed"}': "0+1x40"},
        {
            'mailsift_storage_operations_total{job="mailsift-ingest",operation="read",outcome="failed"}': "0x19 2x20",
            'mailsift_storage_operations_total{job="mailsift-ingest",operation="open",outcome="missing"}': "0+9x40",
        },
    ),
    "MailsiftDatabasePoolFull": Case(
        {
            f'mailsift_database_connections{{{POOL},state="used"}}': "20x40",
            f"mailsift_database_connections_limit{{{POOL}}}": "20x40",
        },
        {
            f'mailsift_database_connections{{{POOL},state="used"}}': "19x40",
            f'mailsift_database_connections{{{POOL},state="idle"}}': "1x40",
            f"mailsift_database_connections_limit{{{POOL}}}": "20x40",
        },
    ),
    "MailsiftChoresFailing": Case(
        {'mailsift_chore_failures_total{chore="observe"}': "0+1x40"},
        {'mailsift_chore_failures_total{chore="observe"}': "0x20 2x20"},
    ),
    "MailsiftErasureStuck": Case(
        {'mailsift_erasures_oldest_open_seconds{instance="one"}': "86000+60x60"},
        {'mailsift_erasures_oldest_open_seconds{instance="one"}': "80000+60x60 0x20"},
        50,
    ),
    "MailsiftWebhooksFailing": Case(
        {
            'mailsift_webhook_deliveries_total{outcome="retried"}': "0+19x60",
            'mailsift_webhook_deliveries_total{outcome="delivered"}': "0+1x60",
        },
        {
            'mailsift_webhook_deliveries_total{outcome="retried"}': "0+8x60",
            'mailsift_webhook_deliveries_total{outcome="delivered"}': "0+1x60",
            'mailsift_webhook_deliveries_total{outcome="not_claimed"}': "0+90x60",
        },
        50,
    ),
    "MailsiftWebhooksLate": Case(
        {
            'mailsift_dispatch_oldest_seconds{queue="exporter.deliveries"}': "61x40",
            'mailsift_queue_paused{queue="exporter.deliveries"}': "0x40",
        },
        {
            'mailsift_dispatch_oldest_seconds{queue="exporter.deliveries"}': "59x40",
            'mailsift_dispatch_oldest_seconds{queue="ingest.files"}': "900x40",
        },
    ),
    "MailsiftStartObjectiveBurnsFast": Case(waits("0+97x90", "0+100x90"), waits("0+99.5x90", "0+100x90"), 80),
    "MailsiftStartObjectiveBurns": Case(
        waits("0+99.6x400", "0+100x400"), {**waits("0+100x400", "0+100x400"), **waits("0x400", "0+9x400", PART)}, 300
    ),
    "MailsiftEndObjectiveBurnsFast": Case(ends("0+100x90", "0+1x90"), ends("0+100x90", "0x70 1x20"), 80),
    "MailsiftEndObjectiveBurns": Case(ends("0+999x400", "0+1x400"), ends("0+9999x400", "0x200 1x200"), 300),
    "RabbitmqDown": gauge('up{job="rabbitmq",instance="one"}', 0, 1),
    "RabbitmqNodeDown": Case(
        {'up{job="rabbitmq",instance="one"}': "1x40", 'up{job="rabbitmq",instance="two"}': "0x40"},
        {'up{job="rabbitmq",instance="one"}': "1x40", 'up{job="rabbitmq",instance="two"}': "1x26 0x10"},
    ),
    "RabbitmqMemoryAlarm": gauge('rabbitmq_alarms_memory_used_watermark{instance="one"}', 1, 0),
    "RabbitmqDiskAlarm": gauge('rabbitmq_alarms_free_disk_space_watermark{instance="one"}', 1, 0),
    "RabbitmqDiskFillsUp": Case(
        {
            'rabbitmq_disk_space_available_bytes{instance="one"}': "9000000000-10000000x400",
            'rabbitmq_disk_space_available_limit_bytes{instance="one"}': "1000000000x400",
        },
        {
            'rabbitmq_disk_space_available_bytes{instance="one"}': "9000000000-1000x400",
            'rabbitmq_disk_space_available_limit_bytes{instance="one"}': "1000000000x400",
        },
        300,
    ),
    "RabbitmqFileDescriptorsShort": Case(
        {'rabbitmq_process_open_fds{instance="one"}': "900x40", 'rabbitmq_process_max_fds{instance="one"}': "1000x40"},
        {'rabbitmq_process_open_fds{instance="one"}': "700x40", 'rabbitmq_process_max_fds{instance="one"}': "1000x40"},
    ),
    "RabbitmqMessagesUnroutable": Case(
        {
            "rabbitmq_global_messages_unroutable_dropped_total": "0x25 1x10",
            "rabbitmq_global_messages_unroutable_returned_total": "0x40",
        },
        {
            "rabbitmq_global_messages_unroutable_dropped_total": "1x40",
            "rabbitmq_global_messages_unroutable_returned_total": "1x40",
        },
    ),
    "RabbitmqQueueWithoutConsumer": Case(
        {'rabbitmq_detailed_queue_consumers{vhost="mailsift",queue="ingest.files"}': "0x40"},
        {
            'rabbitmq_detailed_queue_consumers{vhost="mailsift",queue="ingest.files"}': "1x40",
            'rabbitmq_detailed_queue_consumers{vhost="mailsift",queue="ingest.files.XQ"}': "0x40",
        },
    ),
    "PostgresqlDown": gauge('pg_up{instance="one"}', 0, 1),
    "PostgresqlConnectionsShort": Case(
        {
            'pg_stat_activity_count{instance="one",state="idle"}': "180x40",
            'pg_settings_max_connections{instance="one"}': "200x40",
        },
        {
            'pg_stat_activity_count{instance="one",state="idle"}': "160x40",
            'pg_settings_max_connections{instance="one"}': "200x40",
        },
    ),
    "PostgresqlTransactionHeld": gauge(
        'pg_stat_activity_max_tx_duration{instance="one",datname="mailsift",state="idle in transaction"}', 2000, 600
    ),
    "PostgresqlDeadlocks": counted('pg_stat_database_deadlocks{datname="mailsift"}'),
    "CloudnativepgInstanceDown": gauge('cnpg_collector_up{pod="mailsift-1"}', 0, 1),
    "CloudnativepgReplicationLags": gauge('cnpg_pg_replication_lag{pod="mailsift-2"}', 301, 2),
    "CloudnativepgReplicaNotStreaming": Case(
        {
            'cnpg_pg_replication_in_recovery{pod="mailsift-2"}': "1x40",
            'cnpg_pg_replication_is_wal_receiver_up{pod="mailsift-2"}': "0x40",
        },
        {
            'cnpg_pg_replication_in_recovery{pod="mailsift-2"}': "1x40",
            'cnpg_pg_replication_is_wal_receiver_up{pod="mailsift-2"}': "1x40",
        },
    ),
    "CloudnativepgTransactionHeld": gauge('cnpg_backends_max_tx_duration_seconds{pod="mailsift-1"}', 2000, 600),
    "CloudnativepgBackendsWaiting": gauge('cnpg_backends_waiting_total{pod="mailsift-1"}', 301, 3),
    "CloudnativepgTransactionIdsShort": gauge(
        'cnpg_pg_database_xid_age{pod="mailsift-1",datname="mailsift"}', 400_000_000, 200_000_000
    ),
    "CloudnativepgDeadlocks": counted('cnpg_pg_stat_database_deadlocks{datname="mailsift"}'),
    "CloudnativepgArchivingFails": Case(
        {
            'cnpg_pg_stat_archiver_last_failed_time{pod="mailsift-1"}': "1000x40",
            'cnpg_pg_stat_archiver_last_archived_time{pod="mailsift-1"}': "900x40",
        },
        {
            'cnpg_pg_stat_archiver_last_failed_time{pod="mailsift-1"}': "900x40",
            'cnpg_pg_stat_archiver_last_archived_time{pod="mailsift-1"}': "1000x40",
        },
    ),
}


class Run:
    """Cases side by side, which costs promtool no more than one: none has a series of another."""

    def __init__(self, minute: int, *, fires: bool) -> None:
        self.minute = minute
        self._fires = fires
        self._series: dict[str, str] = {}
        self._alerts: list[str] = []

    def takes(self, alert: str, case: Case) -> bool:
        """Take a case in, if it has its minute and series of its own."""
        series = case.fires if self._fires else case.silent
        if case.minute != self.minute or self._series.keys() & series.keys():
            return False
        self._series.update(series)
        self._alerts.append(alert)
        return True

    def written(self) -> dict[str, Any]:
        """Return it as promtool reads it."""
        return {
            "name": f"{', '.join(self._alerts)} {'fire' if self._fires else 'are silent'}",
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in self._series.items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0 or vector(0)',
                    "eval_time": f"{self.minute}m",
                    "exp_samples": [{"labels": "{}", "value": int(self._fires)}],
                }
                for alert in self._alerts
            ],
        }


def all_runs() -> list[Run]:
    runs: list[Run] = []
    for fires in (True, False):
        begun: list[Run] = []
        for alert, case in CASES.items():
            if not any(run.takes(alert, case) for run in begun):
                begun.append(Run(case.minute, fires=fires))
                assert begun[-1].takes(alert, case)
        runs += begun
    return runs


@pytest.fixture(scope="module")
def promtool() -> str:
    return prometheus_program("promtool")


def test_the_configuration_and_all_rules_are_sound(promtool: str) -> None:
    config = subprocess.run(
        [promtool, "check", "config", FOLDER / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert config.returncode == 0, config.stdout + config.stderr
    rules = subprocess.run(
        [promtool, "check", "rules", *(FOLDER / name for name in RULES)], capture_output=True, text=True, check=False
    )
    assert rules.returncode == 0, rules.stdout + rules.stderr


def test_every_alert_fires_when_it_should_and_only_then(promtool: str, tmp_path: Path) -> None:
    # Rules look back over a month again and again: seldom, where hours go by.
    for every, minutes in ((1, range(60)), (5, range(60, 400))):
        cases = {
            "rule_files": [str(FOLDER / name) for name in RULES],
            "evaluation_interval": f"{every}m",
            "tests": [run.written() for run in all_runs() if run.minute in minutes],
        }
        (tmp_path / f"every-{every}.yml").write_text(yaml.safe_dump(cases))
    done = subprocess.run(
        [promtool, "test", "rules", *tmp_path.glob("*.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_its_cases() -> None:
    groups = [group for name in RULES for group in yaml.safe_load((FOLDER / name).read_text())["groups"]]
    assert set(CASES) == {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
