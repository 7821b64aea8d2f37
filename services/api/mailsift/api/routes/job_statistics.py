"""/api/jobs/stats, /dashboard and /list: how the jobs of a workspace go on the whole."""

from __future__ import annotations

from apiflask import APIBlueprint

from mailsift.api.actions.tenancy import seeing
from mailsift.api.auth import caller, needs
from mailsift.api.deps import deps
from mailsift.api.permissions import Permission
from mailsift.api.repository import job_statistics, jobs
from mailsift.api.routes.answers import reading
from mailsift.api.schemas.job_statistics import JobDashboard, JobStats
from mailsift.api.schemas.watched_jobs import WatchedFilter, WatchedJobs, WatchedList, WatchedStats, watched

blueprint = APIBlueprint("job_statistics", __name__, url_prefix="/api/jobs", tag="jobs")


@blueprint.get("/stats")
@blueprint.output(JobStats)
@needs(Permission.READ, Permission.OPERATE)
def stats() -> JobStats:
    """Count the jobs that wait and run, and those of the last hour: of the workspace or, for an operator, of all."""
    with seeing(deps(), caller()) as connection:
        return job_statistics.stats(connection)


@blueprint.get("/dashboard")
@blueprint.output(JobDashboard)
@needs(Permission.READ, Permission.OPERATE)
def dashboard() -> JobDashboard:
    """Read the queues by priority, the last failures, and how long jobs took within the last hour.

    Those of the workspace or, for an operator, of all.
    """
    with seeing(deps(), caller()) as connection:
        return job_statistics.dashboard(connection)


@blueprint.get("/list")
@blueprint.input(WatchedFilter, location="query")
@blueprint.output(WatchedList)
def watched_list(query_data: WatchedFilter) -> WatchedJobs | WatchedStats:
    """List the newest jobs as they are watched, or with `stats=true` count them by their states."""
    if query_data.stats:
        with seeing(deps(), caller()) as connection:
            return WatchedStats(stats=job_statistics.watched_counts(connection))
    with reading() as connection:
        shown = [watched(job) for job in jobs.newest(connection, query_data)]
    return WatchedJobs(jobs=shown, count=len(shown))
