from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from mailsift.shared.observability.logs import configure_logs, logger


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_every_line_is_one_object_with_service_and_job_in_any_thread(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("ingest")

    def work() -> None:
        with structlog.contextvars.bound_contextvars(job_id="j", trace_id="t"):
            logger("ours").info("rows_loaded", rows=3)
        logging.getLogger("a.library").warning("theirs")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["service"], ours["job_id"], ours["trace_id"], ours["rows"]) == (
        "rows_loaded",
        "ingest",
        "j",
        "t",
        3,
    )
    assert (theirs["event"], theirs["service"], theirs["level"]) == ("theirs", "ingest", "warning")
    assert {"timestamp", "logger"} <= set(ours)


def test_below_its_level_a_process_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("ingest", "WARNING")
    logger("ours").info("rows_loaded")
    assert capsys.readouterr().err == ""
