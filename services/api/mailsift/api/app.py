"""The application: routes, and what surrounds all of them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, cast

from apiflask import APIFlask

from mailsift.api import auth, negotiating, observing, origins, problems, strictness, throttling
from mailsift.api.config import SMALL_BODY
from mailsift.api.deps import EXTENSION, Deps
from mailsift.api.documentation import document
from mailsift.api.routes import (
    activities,
    analyses,
    audits,
    documents,
    erasures,
    exports,
    file_analyses,
    guests,
    job_requests,
    job_statistics,
    jobs,
    keys,
    members,
    outcomes,
    schedules,
    scoring,
    streams,
    suppressions,
    uploads,
    verify,
    webhooks,
    workspaces,
)

ROUTES = (
    uploads,
    analyses,
    verify,
    exports,
    jobs,
    job_requests,
    job_statistics,
    file_analyses,
    audits,
    schedules,
    streams,
    suppressions,
    scoring,
    outcomes,
    erasures,
    workspaces,
    members,
    keys,
    guests,
    webhooks,
    activities,
    documents,
)


def create_app(deps: Deps) -> APIFlask:
    """Build the application around its parts; it touches none of them before the first request."""
    app = APIFlask(
        "mailsift.api",
        title="mailsift",
        version=version("mailsift-api"),
        spec_path=None,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type] # Flask's own word for "no such route"
    )
    app.config.update(
        MAX_CONTENT_LENGTH=SMALL_BODY,
        DESCRIPTION=document.DESCRIPTION,
        LICENSE={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        SECURITY_SCHEMES=document.SECURITY_SCHEMES,
        AUTO_SERVERS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
    )
    app.url_map.strict_slashes = True
    app.extensions[EXTENSION] = deps
    app.spec_processor(lambda derived: document.finish(cast("dict[str, Any]", derived), auth.of_all_routes(app)))
    # The order is that in which requests pass them.
    observing.install(app)
    negotiating.install(app)
    origins.install(app)
    auth.install(app)
    throttling.install(app)
    strictness.install(app)
    problems.install(app)
    for module in ROUTES:
        app.register_blueprint(module.blueprint)
    observing.show_failures(app)
    return app
