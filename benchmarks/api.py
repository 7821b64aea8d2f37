"""How fast the API answers, beside a bare Flask view of the same query.

requests: a client with eight connections asks the deployed API how jobs stand, in turn with a Flask view behind a
    gunicorn of the same kind that runs the very query, without a key, a tenant, checks or a log. `api_vs_flask` is the
    API's requests a second in terms of the view's; the figures are medians. Pages of 1,000 answers are read from the
    beginning and from the end of an analysis of all rows: `api_last_page_vs_first` is how much longer the last takes.
    `api_upload_memory_mb` is by how much the API's process outgrows what it ever held while it takes a list of 300 MB
    in.
streams: a hundred streams of four workspaces, each of a job of its own, while jobs move, twenty in a second, and a
    client asks for how jobs stand beside them. `api_stream_delay_ms` is from the commit of a move until the event is
    with its client, `api_beside_streams_ms` what requests take meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import serving, streaming
from benchmarks.command import Part, main

PARTS: Mapping[str, Part] = {
    "requests": lambda ground, size: serving.run(ground, size.rows, size.rounds),
    "streams": lambda ground, _: streaming.run(ground),
}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)
