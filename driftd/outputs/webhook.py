"""Events to a URL, one request each, signed by the Standard Webhooks specification (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from driftd.model.document import Json
from driftd.model.event import Event
from driftd.outputs.line import json_text
from driftd.outputs.posting import Poster
from driftd.ports import DeliveryError

_PREFIX: Final = "whsec_"


class WebhookOutput:
    """Posts each event as it is. Acknowledged: an event has arrived when the receiver has answered with a 2xx.

    `secrets` returns the secrets to sign with, separated by spaces, as they are now; None: requests are not signed.
    """

    def __init__(self, poster: Poster, now: Callable[[], datetime], secrets: Callable[[], str] | None) -> None:
        self._poster = poster
        self._now = now
        self._secrets = secrets

    def send(self, events: Sequence[Event]) -> None:
        """Post the events in order."""
        for index, event in enumerate(events):
            try:
                self._post(event)
            except DeliveryError as error:
                error.delivered = index
                raise

    def close(self) -> None:
        """End the connection; the next `send` makes another."""
        self._poster.close()

    def _post(self, event: Event) -> None:
        body = json_text(event).encode()
        identity = _id(event)
        at = str(int(self._now().timestamp()))
        headers = {"Content-Type": "application/json", "webhook-id": identity, "webhook-timestamp": at}
        if self._secrets is not None:
            keys = [_key(secret) for secret in self._secrets().split()]
            headers["webhook-signature"] = " ".join(signature(key, identity, at, body) for key in keys)
        self._poster.post(body, headers)


def signature(key: bytes, identity: str, at: str, body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA256 over its id, its time and its body."""
    digest = hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise DeliveryError(
            f"the secret of the webhook is none: write {_PREFIX} and the base64 of 24 to 64 random bytes"
        )
    return key


def _id(event: Event) -> str:
    body: Json = event["event"]
    assert isinstance(body, dict)
    return str(body["id"])
