"""Answers, notes, pictures, retries: once each, in order, and never beyond what the channel allows."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from guanjia.kit.calls import Refused
from guanjia.kit.database import new_id
from tests.host import Answer
from tests.services.chat.conftest import AGENT, Shop

pytestmark = pytest.mark.anyio


def picture(kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, kind)
    return content.getvalue()


async def upload(shop: Shop, content: bytes, field: str = "file") -> Answer:
    boundary = "gj"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\n'.encode()
    return await shop.stage.host.request(
        "chat", "POST", "/uploads", caller=shop.agents[0], content=head + content + f"\r\n--{boundary}--\r\n".encode(),
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
    )  # fmt: skip


async def test_a_repeated_send_is_one_message(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    path = f"/conversations/{conversation_id}/messages"
    body = {"client_id": new_id(), "kind": "text", "content": {"content": "您好"}}
    first = await shop.call("POST", path, body, by=agent, key="k1")
    again = await shop.call("POST", path, body, by=agent, key="k1")
    other_key = await shop.call("POST", path, body, by=agent, key="k2")
    assert first.status == again.status == other_key.status == 201
    assert first.attribute == again.attribute == other_key.attribute
    await shop.delivered(first.attribute["id"])
    assert shop.stage.neighbours.order.count(first.attribute["id"]) == 1
    changed = {**body, "content": {"content": "别的"}}
    refused = await shop.call("POST", path, changed, by=agent, key="k1")
    assert (refused.status, refused.error) == (422, "idempotency_key_reused")
    assert len([one for one in await shop.messages(conversation_id) if one["kind"] == "text"]) == 2


async def test_a_colleague_cannot_use_the_same_client_id(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    client_id = new_id()
    await shop.send(conversation_id, "您好", agent, client_id=client_id)
    answer = await shop.send(conversation_id, "备注", shop.agents[1], client_id=client_id, is_note=True)
    assert (answer.status, answer.error) == (409, "duplicate")


async def test_messages_leave_in_the_order_of_their_numbers(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    sent = [(await shop.send(conversation_id, f"第{index}条", agent)).attribute for index in range(8)]
    await shop.stage.until(lambda: sent[-1]["id"] in shop.stage.neighbours.puts)
    assert [one["number"] for one in sent] == list(range(sent[0]["number"], sent[0]["number"] + 8))
    ids = [one["id"] for one in sent]
    assert [one for one in shop.stage.neighbours.order if one in ids] == ids


async def test_a_note_never_leaves(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    before = await shop.read(conversation_id)
    note = (await shop.send(conversation_id, "客户情绪激动", agent, is_note=True)).attribute
    answer = (await shop.send(conversation_id, "您好", agent)).attribute
    await shop.delivered(answer["id"])
    assert (note["is_note"], note["state"]) == (True, "sent")
    assert note["id"] not in shop.stage.neighbours.puts
    assert before["last_text"] == "我的车刹车有异响"
    others = await shop.send(conversation_id, "我来看看", shop.agents[1], is_note=True)
    assert others.status == 201


async def test_a_note_is_no_answer(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.send(conversation_id, "备注", agent, is_note=True)
    view = await shop.read(conversation_id)
    assert (view["state"], view["first_answer_seconds"]) == ("assigned", None)
    assert view["last_text"] == "我的车刹车有异响"


async def test_only_who_has_it_answers(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    colleague = shop.agents[1]
    refused = await shop.send(conversation_id, "我来", colleague)
    assert (refused.status, refused.error) == (409, "not_your_conversation")
    assert refused.envelope["message"] == "会话由 林慧 接待"
    await shop.act(conversation_id, "consultations", {"agent_id": colleague.id}, by=agent)
    assert (await shop.send(conversation_id, "我来", colleague)).status == 201
    assert (await shop.send(conversation_id, "主管答复", shop.boss)).status == 201


async def test_who_answers_from_the_queue_takes_it(shop: Shop) -> None:
    _, conversation_id = await shop.waiting()
    assert (await shop.send(conversation_id, "您好", shop.agents[0])).status == 201
    view = await shop.read(conversation_id)
    assert (view["state"], view["agent_id"]) == ("waiting_customer", shop.agents[0].id)
    refused = await shop.send(conversation_id, "我也来", shop.agents[1])
    assert refused.error == "not_your_conversation"


async def test_the_window_of_wechat_is_kept(shop: Shop) -> None:
    fan, conversation_id, agent = await shop.serving()
    await fan.window(48, 1)
    view = await shop.read(conversation_id)
    assert view["window_remaining"] == 1
    assert (await shop.send(conversation_id, "一", agent)).status == 201
    await fan.window(48, 0)
    refused = await shop.send(conversation_id, "二", agent)
    assert (refused.status, refused.error) == (409, "sends_used_up")
    await fan.window(1, 5)
    shop.clock.advance(hours=1)
    refused = await shop.send(conversation_id, "三", agent)
    assert (refused.status, refused.error) == (409, "window_closed")
    assert (await shop.send(conversation_id, "备注", agent, is_note=True)).status == 201
    await fan.window(None, 0)
    assert (await shop.send(conversation_id, "四", agent)).error == "window_closed"


async def test_nothing_is_sent_into_a_closed_conversation(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    await shop.act(conversation_id, "closures", by=agent)
    refused = await shop.send(conversation_id, "您好", agent)
    assert (refused.status, refused.error) == (409, "conversation_closed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": {"content": " "}}, "content"),
        ({"content": {"content": "字" * 601}}, "content"),
        ({"content": {"content": "😀" * 513}}, "content"),
        ({"kind": "image", "content": {"file": "nothing.png"}}, "file"),
        ({"kind": "voice", "content": {}}, "kind"),
        ({"client_id": "", "content": {"content": "x"}}, "client_id"),
        ({"content": {"content": "x", "more": 1}}, "more"),
    ],
)
async def test_bad_messages_name_their_field(shop: Shop, body: dict[str, object], field: str) -> None:
    _, conversation_id, agent = await shop.serving()
    body = {"client_id": new_id(), "kind": "text", **body}
    refused = await shop.call("POST", f"/conversations/{conversation_id}/messages", body, by=agent)
    assert refused.status == 422
    assert list(refused.fields) == [field]


async def test_a_failed_message_stays_and_is_sent_again_under_a_new_id(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    message = (await shop.send(conversation_id, "您好", agent)).attribute
    await shop.stage.until(lambda: message["id"] in shop.stage.neighbours.puts)
    await shop.refused(message["id"], "window_closed")
    shown = (await shop.messages(conversation_id))[-1]
    assert (shown["state"], shown["failure"]) == ("failed", "window_closed")
    view = await shop.read(conversation_id)
    assert (view["state"], view["first_answer_seconds"]) == ("active", None)
    assert view["waiting_since"] is not None
    path = f"/conversations/{conversation_id}/messages/{message['id']}/retries"
    again = (await shop.call("POST", path, {}, by=agent)).attribute
    assert (again["id"], again["number"], again["state"]) == (message["id"], message["number"], "sending")
    refused = await shop.call("POST", path, {}, by=agent)
    assert (refused.status, refused.error) == (409, "not_resendable")
    path = f"/message-paths/{message['id']}"
    steps = (await shop.call("GET", path)).items
    assert [one["name"] for one in steps] == ["conversation", "agent", "sending", "failed", "sending"]
    await shop.delivered(steps[-1]["detail"]["outbound_id"])
    assert (await shop.messages(conversation_id))[-1]["state"] == "sent"
    view = await shop.read(conversation_id)
    assert (view["state"], view["first_answer_seconds"]) == ("waiting_customer", 0)


async def test_one_whose_fate_is_unknown_is_sent_again_only_by_a_person(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    message = (await shop.send(conversation_id, "您好", agent)).attribute
    await shop.stage.until(lambda: message["id"] in shop.stage.neighbours.puts)
    await shop.refused(message["id"], "wechat_unanswered", is_unknown=True)
    assert (await shop.messages(conversation_id))[-1]["state"] == "unknown"
    await shop.route()
    assert shop.stage.neighbours.order.count(message["id"]) == 1
    path = f"/conversations/{conversation_id}/messages/{message['id']}/retries"
    assert (await shop.call("POST", path, {}, by=agent)).status == 201


async def test_the_late_word_of_an_earlier_try_does_not_undo_a_later_one(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    message = (await shop.send(conversation_id, "您好", agent)).attribute
    await shop.stage.until(lambda: message["id"] in shop.stage.neighbours.puts)
    await shop.refused(message["id"], "wechat_unanswered", is_unknown=True)
    path = f"/conversations/{conversation_id}/messages/{message['id']}/retries"
    await shop.call("POST", path, {}, by=agent)
    await shop.refused(message["id"], "window_closed")
    assert (await shop.messages(conversation_id))[-1]["state"] == "sending"
    await shop.delivered(message["id"])
    assert (await shop.messages(conversation_id))[-1]["state"] == "sent"


async def test_what_wechat_will_not_accept_fails_visibly(shop: Shop) -> None:
    shop.stage.neighbours.refuse = Refused(422, "account_inactive", {})
    _, conversation_id, agent = await shop.serving()
    sent = (await shop.send(conversation_id, "您好", agent)).attribute
    state = ""
    while state != "failed":
        shown = next(one for one in await shop.messages(conversation_id) if one["id"] == sent["id"])
        state = shown["state"]
    assert shown["failure"] == "account_inactive"


async def test_a_picture_is_uploaded_then_sent(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    stored = (await upload(shop, picture())).attribute
    assert stored["media_type"] == "image/png"
    body = {"client_id": new_id(), "kind": "image", "content": {"file": stored["file"]}}
    sent = (await shop.call("POST", f"/conversations/{conversation_id}/messages", body, by=agent)).attribute
    assert (sent["media_state"], sent["media_type"]) == ("stored", "image/png")
    assert sent["media_url"].startswith(f"/files/{stored['file']}?")
    await shop.delivered(sent["id"])
    put = shop.stage.neighbours.puts[sent["id"]]
    assert (put["kind"], put["content"]) == ("image", {"file": stored["file"]})
    assert (await shop.read(conversation_id))["last_text"] == "[图片]"


async def test_a_picture_of_another_company_cannot_be_sent(shop: Shop) -> None:
    stored = (await upload(shop, picture())).attribute
    other = await shop.stage.company(shop.clock, "外人")
    _, conversation_id, agent = await other.serving()
    body = {"client_id": new_id(), "kind": "image", "content": {"file": stored["file"]}}
    refused = await other.call("POST", f"/conversations/{conversation_id}/messages", body, by=agent)
    assert (refused.status, list(refused.fields)) == (422, ["file"])


@pytest.mark.parametrize("charset", ["nonsense", "utf-16"])
async def test_a_part_in_no_character_set_is_malformed(shop: Shop, charset: str) -> None:
    part = f'--gj\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: text/plain; charset={charset}\r\n\r\n'
    refused = await shop.stage.host.request(
        "chat", "POST", "/uploads", caller=shop.agents[0], content=part.encode() + b"odd\r\n--gj--\r\n",
        headers={"content-type": "multipart/form-data; boundary=gj"},
    )  # fmt: skip
    assert (refused.status, refused.error) == (400, "malformed")


async def test_uploads_are_judged_by_their_content(shop: Shop) -> None:
    for kind, media_type in (("JPEG", "image/jpeg"), ("GIF", "image/gif")):
        assert (await upload(shop, picture(kind))).attribute["media_type"] == media_type
    for content in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", picture()[:20], b"\xff\xd8\xff" + b"x" * 50):
        refused = await upload(shop, content)
        assert (refused.status, list(refused.fields)) == (422, ["file"])
    refused = await upload(shop, picture() + b"\x00" * (10 * 1024 * 1024))
    assert (refused.status, refused.error) == (413, "too_large")
    refused = await upload(shop, picture(), field="other")
    assert refused.status == 422


async def test_pages_of_messages_by_number(shop: Shop) -> None:
    fan, conversation_id = await shop.waiting()
    for index in range(2, 8):
        await fan.write(str(index))
    numbers = [one["number"] for one in await shop.messages(conversation_id, limit=3)]
    assert numbers == [5, 6, 7]
    assert [one["number"] for one in await shop.messages(conversation_id, before=5, limit=3)] == [2, 3, 4]
    assert [one["number"] for one in await shop.messages(conversation_id, after=5)] == [6, 7]
    assert [one["number"] for one in await shop.messages(conversation_id, after=2, before=5)] == [3, 4]
    page = await shop.call("GET", f"/conversations/{conversation_id}/messages", limit=7)
    assert page.attribute["next"] is None


async def test_the_way_of_a_customers_message(shop: Shop) -> None:
    fan = shop.fan()
    push_id = await fan.write("你好")
    await fan.dispatched(push_id)
    conversation_id = (await fan.conversation())["id"]
    agent = shop.agents[0]

    async def names() -> list[str]:
        return [one["name"] for one in (await shop.call("GET", f"/message-paths/{push_id}")).items]

    assert await names() == ["conversation"]
    await shop.act(conversation_id, "pickups", by=agent)
    assert await names() == ["conversation", "assigned"]
    await shop.call("PUT", f"/conversations/{conversation_id}/reads", {"number": 1}, by=agent)
    assert await names() == ["conversation", "assigned", "agent"]
    await fan.write("第二条")
    await shop.send(conversation_id, "您好", agent)
    second = next(one for one in await shop.messages(conversation_id) if one["content"].get("content") == "第二条")
    steps = (await shop.call("GET", f"/message-paths/{second['id']}")).items
    assert [one["name"] for one in steps] == ["conversation", "assigned", "agent"], "who answers has seen it"
    assert (await shop.call("GET", f"/message-paths/{new_id()}")).status == 404
    assert (await shop.call("GET", "/message-paths/nothing")).status == 404


async def test_a_service_that_may_not_write_is_no_agent(shop: Shop) -> None:
    _, conversation_id = await shop.waiting()
    reader = await shop.staff("质检", shop.id, [AGENT[0]])
    refused = await shop.act(conversation_id, "pickups", by=reader)
    assert (refused.status, refused.error) == (404, "agent_unknown")
