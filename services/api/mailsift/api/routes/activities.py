"""/api/activities: who did what in a workspace."""

from __future__ import annotations

from apiflask import APIBlueprint

from mailsift.api.repository import activities
from mailsift.api.routes.answers import reading
from mailsift.api.schemas.activities import ActivityFilter, ActivityPage

blueprint = APIBlueprint("activities", __name__, url_prefix="/api/activities", tag="activities")


@blueprint.get("")
@blueprint.input(ActivityFilter, location="query")
@blueprint.output(ActivityPage)
def index(query_data: ActivityFilter) -> ActivityPage:
    """List what was done, the newest first."""
    with reading() as connection:
        return activities.page(connection, query_data)
