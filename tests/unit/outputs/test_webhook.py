from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from driftd.outputs.posting import Poster
from driftd.outputs.webhook import WebhookOutput, signature
from driftd.ports import DeliveryError
from driftd.settings.outputs import HttpSettings
from tests.contracts.output_suite import an_event
from tests.contracts.web import OK, Web, answering, status

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def webhook(web: Web, secrets: str | None = SECRET) -> WebhookOutput:
    def now() -> datetime:
        return datetime(2023, 6, 1, 10, tzinfo=UTC)

    poster = Poster(HttpSettings(url=web.url), {}, now, time.monotonic)
    return WebhookOutput(poster, now, None if secrets is None else lambda: secrets)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification's reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_is_one_event_signed_with_its_id_and_time(web: Web) -> None:
    output = webhook(web)
    event = an_event(7)
    output.send([event])
    output.close()
    (request,) = web.requests
    assert json.loads(request.body) == event
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("0188-7", "1685613600")
    signed = b"0188-7.1685613600." + request.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_the_receiver_of_the_how_to_knows_what_is_genuine(web: Web) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "webhook.md"
    written: dict[str, Any] = {}
    exec(page.read_text().split("```python\n")[1].split("```")[0], written)
    output = webhook(web)
    output.send([an_event(1, message="é")])
    output.close()
    (request,) = web.requests
    assert written["is_genuine"](request.headers, request.body, SECRET)
    assert not written["is_genuine"](request.headers, request.body + b" ", SECRET)
    assert not written["is_genuine"](request.headers | {"webhook-id": "another"}, request.body, SECRET)
    assert not written["is_genuine"](request.headers, request.body, "whsec_" + base64.b64encode(b"n" * 32).decode())


def test_while_a_secret_is_replaced_both_sign(web: Web) -> None:
    output = webhook(web, f"{SECRET} whsec_{base64.b64encode(b'n' * 24).decode()}")
    output.send([an_event(1)])
    output.close()
    first, second = web.requests[0].headers["webhook-signature"].split()
    assert first != second


def test_without_a_secret_nothing_is_signed(web: Web) -> None:
    output = webhook(web, None)
    output.send([an_event(1)])
    output.close()
    assert "webhook-signature" not in web.requests[0].headers


@pytest.mark.parametrize("wrong", ["whsec_", "whsec_c2hvcnQ=", "not base64!"])
def test_what_is_no_secret_is_told_and_not_shown(web: Web, wrong: str) -> None:
    with pytest.raises(DeliveryError, match="the secret of the webhook is none") as caught:
        webhook(web, wrong).send([an_event(1)])
    assert wrong.removeprefix("whsec_") not in str(caught.value) or wrong == "whsec_"
    assert web.requests == []


def test_what_a_failing_receiver_has_got_is_not_sent_again(web: Web) -> None:
    web.script = [answering(OK), answering(OK), answering(status(503))]
    output = webhook(web)
    with pytest.raises(DeliveryError) as caught:
        output.send([an_event(number) for number in range(1, 6)])
    output.close()
    assert caught.value.delivered == 2
