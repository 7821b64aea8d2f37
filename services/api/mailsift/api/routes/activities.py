"""/api/activities: who did what in a workspace, and what operators did."""

from __future__ import annotations

from apiflask import APIBlueprint

from mailsift.api.actions.tenancy import seeing
from mailsift.api.auth import caller, needs
from mailsift.api.deps import deps
from mailsift.api.permissions import Permission
from mailsift.api.principal import Operator
from mailsift.api.repository import activities
from mailsift.api.schemas.activities import ActivityFilter, ActivityPage

blueprint = APIBlueprint("activities", __name__, url_prefix="/api/activities", tag="activities")


@blueprint.get("")
@blueprint.input(ActivityFilter, location="query")
@blueprint.output(ActivityPage)
@needs(Permission.READ, Permission.OPERATE)
def index(query_data: ActivityFilter) -> ActivityPage:
    """List what was done in the workspace, the newest first; for an operator, what operators did anywhere."""
    who = caller()
    with seeing(deps(), who) as connection:
        return activities.page(connection, query_data, of_operators=isinstance(who, Operator))
