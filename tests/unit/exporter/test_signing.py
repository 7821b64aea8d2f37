from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mailsift.exporter.webhooks.signing import signed_headers

SECRETS = ["whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in range(3)]
BODY = '{"type":"upload.completed","data":{"fileName":"ünïcode \U0001f600"}}'.encode()


def headers(*secrets: str) -> dict[str, str]:
    return signed_headers("0192f0c1-0000-7000-8000-000000000000", int(time.time()), BODY, secrets)


def test_a_message_is_signed_as_standard_webhooks_has_it() -> None:
    # An example of the specification's own.
    signed = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("number", [0, 1])
def test_either_secret_opens_what_both_have_signed(number: int) -> None:
    said = Webhook(SECRETS[number]).verify(BODY, headers(*SECRETS[:2]))
    assert said["data"] == {"fileName": "ünïcode \U0001f600"}


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "secret"])
def test_whatever_is_changed_is_noticed(change: str) -> None:
    signed, body = headers(SECRETS[0]), BODY
    if change == "body":
        body += b" "
    elif change != "secret":
        signed[change] = f"{int(time.time()) - 1}"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[2 if change == "secret" else 0]).verify(body, signed)
