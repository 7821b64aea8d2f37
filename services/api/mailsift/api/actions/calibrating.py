"""Records what became of mail, and holds it against the scores."""

from __future__ import annotations

from collections.abc import Sequence

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.calibration import BAND, BANDS, Judged, Tally, by_band, by_lead_status
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.repository import outcomes
from mailsift.api.schemas.outcomes import (
    BounceRate,
    Calibration,
    LeadBand,
    OutcomesForgotten,
    OutcomesRecorded,
    OutcomesRequest,
    ScoreBand,
)
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.verdicts import Outcome


def report(deps: Deps, asked: Asked, request: OutcomesRequest) -> tuple[OutcomesRecorded, bool]:
    """Record outcomes. Raises Problem."""
    workspace_id = asked.principal.workspace_id
    wanted = {
        **dict.fromkeys(request.delivered, Outcome.DELIVERED),
        **dict.fromkeys(request.bounced, Outcome.BOUNCED),
    }
    with tenant_transaction(deps.engine, workspace_id) as connection:

        def add() -> OutcomesRecorded:
            recorded = outcomes.record(connection, workspace_id, wanted)
            details = {"added": recorded.added, "updated": recorded.updated}
            record(connection, asked.principal, Activity.OUTCOMES_REPORTED, workspace_id, details)
            return OutcomesRecorded(**details)

        said = (f"{outcome.value} {address}" for address, outcome in wanted.items())
        return once(connection, asked, fingerprint("outcomes", *said), OutcomesRecorded, add)


def forget(deps: Deps, principal: Principal) -> OutcomesForgotten:
    """Forget all outcomes. Raises Problem."""
    workspace_id = principal.workspace_id
    with tenant_transaction(deps.engine, workspace_id) as connection:
        removed = outcomes.forget(connection, workspace_id)
        if removed:
            record(connection, principal, Activity.OUTCOMES_FORGOTTEN, workspace_id, {"removed": removed})
    return OutcomesForgotten(removed=removed)


def calibrate(deps: Deps, principal: Principal) -> Calibration:
    """Hold outcomes against the latest verdict on each address."""
    workspace_id = principal.workspace_id
    with tenant_transaction(deps.engine, workspace_id) as connection:
        outcomes.look_up_new(connection, workspace_id)
        known, complete = outcomes.count(connection, workspace_id)
        judged = outcomes.judged(connection, workspace_id)
    return shown(judged, outcomes=known, complete=complete)


def shown(judged: Sequence[Judged], *, outcomes: int, complete: bool) -> Calibration:
    """Add up what became of addresses."""
    total = sum((each.tally for each in judged), Tally())
    return Calibration(
        outcomes=outcomes,
        matched=total.delivered + total.bounced,
        complete=complete,
        total=BounceRate.model_validate(total),
        by_score=[_band(number, tally) for number, tally in enumerate(by_band(judged))],
        by_lead_status=[
            LeadBand.model_validate({**_rate(tally), "lead_status": word})
            for word, tally in by_lead_status(judged).items()
        ],
    )


def _band(number: int, tally: Tally) -> ScoreBand:
    last = (number + 1) * BAND - (number + 1 < BANDS)
    return ScoreBand.model_validate({**_rate(tally), "from_score": number * BAND, "to_score": last})


def _rate(tally: Tally) -> dict[str, object]:
    return BounceRate.model_validate(tally).model_dump()
