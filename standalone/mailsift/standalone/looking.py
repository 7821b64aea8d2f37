"""Has the beginning of a list looked at, and waits for what it shows."""

from __future__ import annotations

import uuid

from mailsift.api.schemas.uploads import UploadDetail
from mailsift.shared.reading import ReadingOptions
from mailsift.standalone.client import Client, Sent
from mailsift.standalone.destination import Source
from mailsift.standalone.errors import InputError
from mailsift.standalone.progress import Shown
from mailsift.standalone.verifying import meter, naming, require_success, wait_for_end


def look_at(client: Client, source: Source, options: ReadingOptions, shown: Shown) -> UploadDetail:
    """Preview a list; what is kept of it on the other side goes by itself."""
    sent = Sent(source.path, source.path.name, options, preview=True)
    accepted = client.upload(sent, uuid.uuid4().hex, meter(shown, source.path))
    with naming(source):
        require_success(wait_for_end(client, accepted.job_id, shown, "looking"), InputError)
    return client.find_upload(accepted.upload_id)
