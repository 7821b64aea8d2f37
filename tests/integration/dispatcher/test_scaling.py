from __future__ import annotations

from typing import Any

import yaml
from sqlalchemy import text

from deployment import ROOT
from engines import done
from integration.dispatcher.floor import EXPORTS, Floor
from mailsift.dispatcher import steering
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease

SCALERS = ROOT / "deploy/k8s/components/keda/scalers.yaml"
QUERIES = {
    one["metadata"]["name"].removeprefix("mailsift-"): one["spec"]["triggers"][0]["metadata"]["query"]
    for one in yaml.safe_load_all(SCALERS.read_text())
    if one["kind"] == "ScaledObject" and one["spec"]["triggers"][0]["type"] == "postgresql"
}


def counted(floor: Floor) -> dict[str, Any]:
    """What KEDA is answered, with the login that it has."""
    with floor.dispatcher.begin() as connection:
        return {word: connection.scalar(text(query)) for word, query in QUERIES.items()}


def test_keda_counts_jobs_that_are_due_or_running(floor: Floor) -> None:
    assert counted(floor) == {"ingest": 0, "analyzer": 0, "exporter": 0}
    root = floor.analysis()
    upload = floor.upload()
    later = floor.upload()
    floor.change(later, "\"dueAt\" = now() + interval '1 hour'")
    assert counted(floor) == {"ingest": 1, "analyzer": 1, "exporter": 0}
    during = []

    def look(lease: Lease) -> None:
        during.append(counted(floor))
        done(lease)

    floor.run(upload, look)
    assert during == [{"ingest": 1, "analyzer": 1, "exporter": 0}]
    # A root that waits for its parts is not at work; they are.
    floor.split(root, JobType.DOMAIN_RESOLUTION, JobType.DOMAIN_RESOLUTION, JobType.DOMAIN_RESOLUTION)
    assert counted(floor)["analyzer"] == 3


def test_keda_counts_no_job_of_a_queue_that_is_held_back(floor: Floor) -> None:
    floor.export()
    floor.export()
    assert counted(floor)["exporter"] == 2
    steering.pause(floor.dispatcher, EXPORTS)
    assert counted(floor)["exporter"] == 0
