from __future__ import annotations

import pytest
from pydantic import ValidationError

from mailsift.api.schemas.webhooks import WebhookChange, WebhookRequest

URL = "https://hooks.example.com/mailsift?token=t"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "http://hooks.example.com/"}, ("url",)),
        ({"url": "https://ann:secret@hooks.example.com/"}, ("url",)),
        ({"url": "ftp://hooks.example.com/"}, ("url",)),
        ({"url": "https://hooks.example.com/" + "x" * 5000}, ("url",)),
        ({"url": ""}, ("url",)),
        ({"events": []}, ("events",)),
        ({"events": ["webhook.test"]}, ("events", 0)),
        ({"events": ["upload.completed", "everything"]}, ("events", 1)),
        ({"enabled": "yes"}, ("enabled",)),
        ({"secret": "whsec_mine"}, ("secret",)),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(given: dict[str, object], field: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookRequest.model_validate({"url": URL, "events": ["job.failed"], **given})
    assert [fault["loc"] for fault in caught.value.errors()] == [field]


@pytest.mark.parametrize("field", ["url", "events", "enabled"])
def test_a_webhook_can_be_without_a_description_only(field: str) -> None:
    assert WebhookChange.model_validate({"description": None}).model_fields_set == {"description"}
    with pytest.raises(ValidationError, match="must not be null"):
        WebhookChange.model_validate({field: None})
