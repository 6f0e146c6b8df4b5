"""Live events over HTTP: an agent who lost the network misses nothing, by stream and by long poll."""

from __future__ import annotations

import threading
import time
from typing import Any

from tests.journeys.firm import Account, Firm, Stream, refused, settled, talk


def test_lost_network_misses_nothing(firm: Firm, account: Account) -> None:
    """The customer and a colleague write while an agent is cut off: he sees everything once and in order."""
    ann, ben = firm.hire("Ann"), firm.hire("Ben")
    ann.be()
    phone, talk_id = talk(firm, ann, account)
    settled(lambda: ann.act(talk_id, "consultations", agent_id=ben.id, note=""))
    stream = Stream(ann)
    event, data = stream.frame()
    assert (event, data["cursors"]) == ("ready", stream.cursors)
    phone.write(account.appid, "before")

    def says(text: str) -> Any:
        return lambda one: one["name"] == "message_added" and one["data"]["message"]["content"].get("content") == text

    seen = stream.events_until(says("before"))
    cursor = stream.cursors
    stream.close()

    for number in range(3):
        phone.write(account.appid, f"customer {number}")
        ann.wait_for_message(talk_id, kind="text", content={"content": f"customer {number}"})
        ben.answer(talk_id, f"note {number}", is_note=True)
    phone.write(account.appid, "last")
    again = Stream(ann, cursor)
    missed = again.events_until(says("last"))
    again.close()
    added = [one["data"]["message"] for one in [*seen, *missed] if one["name"] == "message_added"]
    numbers = [one["number"] for one in added if one["conversation_id"] == talk_id]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    texts = [one["content"]["content"] for one in added if one["kind"] == "text"]
    pairs = [text for number in range(3) for text in (f"customer {number}", f"note {number}")]
    assert texts == ["before", *pairs, "last"]
    sequence = [one["seq"] for one in [*seen, *missed]]
    assert sequence == sorted(set(sequence))

    polled = ann.call("GET", f"/gateway/events?services=chat&after={cursor}&wait=5", Accept="application/json")
    seqs = [one["seq"] for one in polled["items"]]
    assert seqs[: len(missed)] == [one["seq"] for one in missed]
    begun = time.monotonic()
    threading.Timer(0.3, phone.write, (account.appid, "while waiting")).start()
    waited = ann.call(
        "GET", f"/gateway/events?services=chat&after={polled['cursors']}&wait=20", Accept="application/json"
    )
    assert waited["items"]
    assert time.monotonic() - begun < 10


def test_nonsense_cursor_is_a_named_resync(firm: Firm) -> None:
    agent = firm.hire("Ann")
    settled(lambda: agent.be())
    stream = Stream(agent, "chat:999999999")
    assert stream.frame() == ("resync", {"service": "chat"})
    assert stream.frame() == ("", None)
    poll = "/gateway/events?services=chat&after=chat:999999999&wait=1"
    assert refused(agent.call, "GET", poll, Accept="application/json").code == "resync"
    for nonsense in ("chat", "chat:", "chat:-1", "chat:x", ":", "chat:1:2", "chat:" + "9" * 30):
        refusal = refused(agent.call, "GET", f"/gateway/events?after={nonsense}&wait=0", Accept="application/json")
        assert (refusal.status, refusal.code) == (400, "cursor_invalid"), nonsense
