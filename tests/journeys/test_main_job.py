"""The main job over HTTP: a customer's message reaches an agent, and the answer comes back, in every turn it takes."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from tests.journeys.firm import Desk, Firm, fetch, refused, settled, talk, upload
from tests.journeys.installation import Installation, Refusal, wait_for

pytestmark = pytest.mark.timeout(180)

VOICE = b"#!AMR\n" + bytes(range(32)) * 20
SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFLINE_SECONDS = 60


def picture(color: str) -> bytes:
    """A small PNG."""
    content = io.BytesIO()
    Image.new("RGB", (32, 24), color).save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A demo whose clock these tests may move."""
    installation = Installation(tmp_path_factory.mktemp("job") / "data").start()
    try:
        yield installation.wait_for_demo_data()
    finally:
        installation.stop()


class Absence:
    """An agent who went offline in the middle of a talk; a minute of real time passes beside the other tests."""

    def __init__(self, job: Installation) -> None:
        self.firm = Firm(job, "Absence")
        account = self.firm.connect()
        self.agent = self.firm.hire("Ann")
        self.agent.be()
        phone = self.firm.customer("Left", account)
        phone.write(account.appid, "hello")
        self.conversation_id: str = self.agent.conversation_of(phone, account)["id"]
        self.agent.answer(self.conversation_id, "one moment")
        phone.write(account.appid, "are you there?")
        self.agent.conversation_of(phone, account, state="active")
        self.agent.be("offline")
        self.since = time.monotonic()


@pytest.fixture(scope="module", autouse=True)
def absence(job: Installation) -> Absence:
    return Absence(job)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("service_verified", "plain"), ("subscription_verified", "compat"), ("service_verified", "safe")],
)
def test_every_kind_there_and_back(job: Installation, kind: str, mode: str) -> None:
    """Text, picture, voice and location reach the agent; his text and picture reach the phone."""
    firm = Firm(job, "Kinds")
    account = firm.connect(kind, mode)
    agent = firm.hire("Ann")
    agent.be()
    phone, talk_id = talk(firm, agent, account, "我的车刹车有异响 🚗")
    path = f"/emulator/phones/{phone.id}"
    photo = upload(firm.control, f"{path}/media", picture("red"), "image/png")
    sound = upload(firm.control, f"{path}/media", VOICE, "audio/amr")
    place = {"latitude": 31.23, "longitude": 121.47, "scale": 15, "label": "浦东店"}
    for sent in (
        {"kind": "image", "media_id": photo["media_id"]},
        {"kind": "voice", "media_id": sound["media_id"], "content": {"recognition": "刹车响"}},
        {"kind": "location", "content": place},
    ):
        firm.control.call("POST", f"{path}/messages", {"appid": account.appid, "content": {}, **sent})
    location = agent.wait_for_message(talk_id, kind="location")
    assert (location["content"]["latitude"], location["content"]["label"]) == (31.23, "浦东店")
    image = agent.wait_for_message(talk_id, kind="image", media_state="stored")
    assert fetch(agent, image["media_url"]) == picture("red")
    voice = agent.wait_for_message(talk_id, kind="voice", media_state="stored")
    assert fetch(agent, voice["media_url"]) == VOICE
    assert (voice["content"]["format"], voice["content"]["recognition"]) == ("amr", "刹车响")
    customers = [one for one in agent.messages(talk_id) if one["author"]["kind"] == "customer"]
    assert [one["kind"] for one in customers] == ["text", "image", "voice", "location"]
    assert customers[0]["content"]["content"] == "我的车刹车有异响 🚗"

    answer = agent.answer(talk_id, "您好，请先减速慢行 🙏")
    stored = agent.upload("/chat/uploads", picture("blue"), "image/png")
    shown = agent.send(talk_id, "image", {"file": stored["file"]}, client_id="picture")
    for message in (answer, shown):
        agent.wait_for_message(talk_id, id=message["id"], state="sent")
    received = [one for one in phone.messages(account.appid) if one["from"] == "account"]
    assert [one["kind"] for one in received] == ["text", "image"]
    assert received[0]["content"]["content"] == "您好，请先减速慢行 🙏"
    assert fetch(firm.control, received[1]["media_url"]) == picture("blue")


def test_greeting_and_keyword_reply(job: Installation) -> None:
    """A new follower is greeted by name; a keyword gets its reply with variables, and no agent is troubled."""
    firm = Firm(job, "Replies")
    account = firm.connect(greeting="{name}，您好！")
    draft = {
        "keywords": ["营业时间"],
        "match": "contains",
        "reply": {"kind": "text", "content": "全天。您问：{content}"},
    }
    firm.admin.call("POST", "/wechat/keyword-replies", draft)
    agent = firm.hire("Ann")
    agent.be()
    phone = firm.customer("Customer", account)
    greeting = wait_for("the greeting", lambda: phone.texts_from_account(account.appid))
    assert len(greeting) == 1
    assert greeting[0].endswith("，您好！")
    phone.write(account.appid, "你们的营业时间？")
    replies = wait_for("the reply", lambda: phone.texts_from_account(account.appid)[1:])
    assert replies == ["全天。您问：你们的营业时间？"]
    conversation = agent.conversation_of(phone, account, "all") if agent.box("all") else None
    assert conversation is None or conversation["agent_id"] == ""
    phone.write(account.appid, "人工")
    mine = agent.conversation_of(phone, account)
    told = [(one["author"]["kind"], one["content"].get("content")) for one in agent.messages(mine["id"])]
    assert ("bot", "全天。您问：你们的营业时间？") in told


def test_unverified_account_answers_within_the_push(job: Installation) -> None:
    """An account that may not send answers passively; a person's answer fails visibly."""
    firm = Firm(job, "Unverified")
    account = firm.connect("subscription_unverified", greeting="欢迎！", default_reply="稍后回复您")
    draft = {"keywords": ["价格"], "reply": {"kind": "text", "content": "498 元起"}}
    firm.admin.call("POST", "/wechat/keyword-replies", draft)
    agent = firm.hire("Ann")
    agent.be()
    phone = firm.customer("Customer", account)
    wait_for("the greeting", lambda: phone.texts_from_account(account.appid) == ["欢迎！"])
    phone.write(account.appid, "价格多少")
    wait_for("the reply", lambda: phone.texts_from_account(account.appid)[1:] == ["498 元起"])
    pushes = firm.control.call("GET", f"/emulator/pushes?appid={account.appid}")["items"]
    assert [one["tries"][-1]["verdict"] for one in pushes] == ["reply", "reply"]
    phone.write(account.appid, "我要人工")
    conversation = agent.conversation_of(phone, account)
    message = agent.answer(conversation["id"], "您好")
    failed = agent.wait_for_message(conversation["id"], id=message["id"], state="failed")
    assert failed["failure"] == "interface_not_allowed"


def test_transfer_to_colleague_and_group(job: Installation) -> None:
    firm = Firm(job, "Transfer")
    account = firm.connect()
    ann, ben, eve = firm.hire("Ann"), firm.hire("Ben"), firm.hire("Eve")
    firm.change_default_group(members=[{"agent_id": one.id, "capacity": None, "skills": []} for one in (ann, ben)])
    second = firm.group("Second", [eve])
    ann.be()
    _, talk_id = talk(firm, ann, account)
    settled(lambda: ben.be())
    view = ann.act(talk_id, "transfers", agent_id=ben.id, note="please take over")
    assert (view["agent_id"], view["state"]) == (ben.id, "assigned")
    assert [one["id"] for one in ben.box()] == [talk_id]
    notes = [one["content"]["content"] for one in ben.messages(talk_id) if one["is_note"]]
    assert notes == ["please take over"]
    assert refused(ann.answer, talk_id, "still me").code == "not_your_conversation"
    eve.be()
    ben.act(talk_id, "transfers", group_id=second["id"], note="")
    taken = wait_for("Eve's conversation", lambda: next(iter(eve.box()), None))
    assert (taken["id"], taken["agent_id"], taken["group_id"]) == (talk_id, eve.id, second["id"])
    codes = [line["code"] for line in eve.lines(talk_id)]
    assert codes.count("transferred") == 2
    assert codes.count("assigned") == 3


def test_consultation(job: Installation) -> None:
    """Somebody asked sees the talk and may write; its agent keeps it; afterwards he sees it no more."""
    firm = Firm(job, "Consultation")
    account = firm.connect()
    branch = firm.admin.call(
        "POST", "/auth/organisations", {"parent_id": firm.company_id, "name": "Branch", "kind": "dealer"}
    )
    ann, ben = firm.hire("Ann"), firm.hire("Ben", organisation_id=branch["id"])
    ann.be()
    phone, talk_id = talk(firm, ann, account)
    assert refused(ben.conversation, talk_id).status == 404
    settled(lambda: ann.act(talk_id, "consultations", agent_id=ben.id, note="what do you think?"))
    assert ben.conversation(talk_id)["agent_id"] == ann.id
    ben.answer(talk_id, "it is the brake pad", is_note=True)
    told = ben.answer(talk_id, "Good day from the workshop")
    ann.wait_for_message(talk_id, id=told["id"], state="sent")
    assert phone.texts_from_account(account.appid) == ["Good day from the workshop"]
    assert ann.conversation(talk_id)["agent_id"] == ann.id
    ann.call("DELETE", f"/chat/conversations/{talk_id}/consultations/{ben.id}")
    assert refused(ben.conversation, talk_id).status == 404
    assert [line["code"] for line in ann.lines(talk_id)][-2:] == ["consulted", "consultation_ended"]


def test_of_two_who_pick_up_one_wins(job: Installation) -> None:
    firm = Firm(job, "Race")
    account = firm.connect()
    agents = [firm.hire("Ann"), firm.hire("Ben")]
    for agent in agents:
        agent.be("busy")
    for _ in range(3):
        phone = firm.customer("Customer", account)
        phone.write(account.appid, "hello")
        talk_id = agents[0].conversation_of(phone, account, "queue")["id"]
        outcomes = pick_up_together(agents, talk_id)
        owner = agents[0].conversation(talk_id)["agent_id"]
        (loser,) = {one.id for one in agents} - {owner}
        assert outcomes == {owner: owner, loser: "already_taken"}


def pick_up_together(agents: list[Desk], talk_id: str) -> dict[str, str]:
    """Both take it at the same moment; by agent who has it then, or why not he."""
    ready = threading.Barrier(len(agents))
    outcomes: dict[str, str] = {}

    def take(agent: Desk) -> None:
        ready.wait()
        try:
            outcomes[agent.id] = agent.act(talk_id, "pickups")["agent_id"]
        except Refusal as refusal:
            outcomes[agent.id] = refusal.code

    threads = [threading.Thread(target=take, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_queue_positions_move_up(job: Installation) -> None:
    firm = Firm(job, "Queue")
    account = firm.connect()
    agent = firm.hire("Ann")
    firm.change_default_group(capacity=1)
    phones = []
    for number in range(3):
        phones.append(firm.customer(f"Customer {number}", account))
        phones[-1].write(account.appid, "hello")
        firm.admin.conversation_of(phones[-1], account, "queue", queue_position=number + 1)
    agent.be()
    first = agent.conversation_of(phones[0], account)
    firm.admin.conversation_of(phones[1], account, "queue", queue_position=1)
    firm.admin.conversation_of(phones[2], account, "queue", queue_position=2)
    agent.answer(first["id"], "done")
    agent.act(first["id"], "closures", category="咨询", result="ok")
    agent.conversation_of(phones[1], account)
    firm.admin.conversation_of(phones[2], account, "queue", queue_position=1)


def test_unanswered_conversation_is_handed_back(job: Installation) -> None:
    """180 seconds after an agent got it without an answer, another one gets it."""
    firm = Firm(job, "Hand-back")
    account = firm.connect()
    ann, ben = firm.hire("Ann"), firm.hire("Ben")
    ann.be()
    phone, talk_id = talk(firm, ann, account)
    settled(lambda: ben.be("busy"))
    firm.advance(170)
    assert ann.conversation(talk_id)["agent_id"] == ann.id
    firm.advance(15)
    waiting = ben.conversation_of(phone, account, "queue")
    assert waiting["agent_id"] == ""
    ben.be("online")
    assert ben.conversation_of(phone, account)["id"] == talk_id
    reasons = [(line["code"], line.get("reason")) for line in ben.lines(talk_id)]
    assert reasons[-3:] == [("assigned", "routing"), ("handed_back", "no_answer"), ("assigned", "routing")]


def test_off_hours_message_is_first_next_morning(job: Installation) -> None:
    firm = Firm(job, "Off-hours")
    account = firm.connect()
    agent = firm.hire("Ann")
    hours = {
        "time_zone": "Asia/Shanghai",
        "weekly": [{"weekday": day, "start": "09:00", "end": "18:00"} for day in range(1, 8)],
        "dates": [],
        "uses_public_holidays": False,
    }
    firm.change_default_group(hours=hours, off_hours_text="已下班，明早回复您", capacity=1)
    now = datetime.fromisoformat(firm.control.call("GET", "/emulator/clock")["now"]).astimezone(SHANGHAI)
    evening = (now + timedelta(days=1)).replace(hour=20, minute=0)
    firm.control.call("PUT", "/emulator/clock", {"at": evening.isoformat()})
    agent.be()
    late = firm.customer("Late", account)
    late.write(account.appid, "anybody there?")
    wait_for("the off-hours text", lambda: late.texts_from_account(account.appid) == ["已下班，明早回复您"])
    late.write(account.appid, "please call back")
    left = agent.conversation_of(late, account, "queue", is_left_message=True)
    assert late.texts_from_account(account.appid) == ["已下班，明早回复您"]
    assert not agent.call("GET", f"/chat/conversations/{left['id']}")["group_hours_open"]
    agent.be("busy")
    morning = (evening + timedelta(days=1)).replace(hour=9, minute=1)
    firm.control.call("PUT", "/emulator/clock", {"at": morning.isoformat()})
    early = firm.customer("Early", account)
    early.write(account.appid, "good morning")
    agent.conversation_of(early, account, "queue", queue_position=2)
    agent.be()
    assert agent.conversation_of(late, account)["id"] == left["id"]
    agent.conversation_of(early, account, "queue", queue_position=1)
    figures = firm.admin.call("GET", "/chat/supervision")
    assert figures["queue"]["length"] == 1


def test_rating_by_a_tap(job: Installation) -> None:
    firm = Firm(job, "Rating")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    phone, talk_id = talk(firm, agent, account)
    agent.answer(talk_id, "solved")
    agent.act(talk_id, "rating-invitations")
    assert refused(agent.act, talk_id, "rating-invitations").code == "rating_already_invited"

    def invitation() -> dict[str, Any] | None:
        return next((one for one in phone.messages(account.appid) if one["kind"] == "menu"), None)

    menu = wait_for("the invitation", invitation)
    agent.act(talk_id, "closures", category="维修", result="solved")
    tap = {"appid": account.appid, "message_id": menu["id"], "item_id": menu["content"]["items"][0]["id"]}
    firm.control.call("POST", f"/emulator/phones/{phone.id}/taps", tap)
    rated = agent.conversation_of(phone, account, "closed", rating=5)
    assert (rated["id"], rated["category"]) == (talk_id, "维修")
    assert agent.box("mine") == []


def test_window_closes_after_48_hours_and_after_five_answers(job: Installation) -> None:
    firm = Firm(job, "Window")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    phone, talk_id = talk(firm, agent, account)
    for number in range(5):
        message = agent.answer(talk_id, f"answer {number}")
        agent.wait_for_message(talk_id, id=message["id"], state="sent")
    assert agent.conversation_of(phone, account, window_remaining=0)
    assert refused(agent.answer, talk_id, "one more").code == "sends_used_up"
    phone.write(account.appid, "thanks")
    agent.conversation_of(phone, account, window_remaining=5)
    welcome = agent.answer(talk_id, "welcome")
    agent.wait_for_message(talk_id, id=welcome["id"], state="sent")
    closed = agent.conversation_of(phone, account, window_remaining=4)["window_expires_at"]
    firm.advance(48 * 3600 + 60)
    assert refused(agent.answer, talk_id, "too late").code == "window_closed"
    assert agent.answer(talk_id, "a note is always possible", is_note=True)["is_note"]
    phone.write(account.appid, "hello again")
    assert agent.conversation_of(phone, account, window_remaining=5)["window_expires_at"] > closed
    message = agent.answer(talk_id, "here we are")
    agent.wait_for_message(talk_id, id=message["id"], state="sent")
    expected = [*(f"answer {number}" for number in range(5)), "welcome", "here we are"]
    assert phone.texts_from_account(account.appid) == expected


def test_repeats_of_a_send_change_nothing(job: Installation) -> None:
    firm = Firm(job, "Repeats")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    phone, talk_id = talk(firm, agent, account)
    content = {"content": "once"}
    first = agent.send(talk_id, "text", content, client_id="c-1", key="k-1")
    assert agent.send(talk_id, "text", content, client_id="c-1", key="k-1")["id"] == first["id"]
    assert agent.send(talk_id, "text", content, client_id="c-1")["id"] == first["id"]
    assert agent.send(talk_id, "text", content, client_id="c-1", key="k-2")["id"] == first["id"]
    other = refused(agent.send, talk_id, "text", {"content": "other"}, client_id="c-1", key="k-1")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    agent.wait_for_message(talk_id, id=first["id"], state="sent")
    last = agent.send(talk_id, "text", {"content": "twice"}, client_id="c-2", key="k-3")
    agent.wait_for_message(talk_id, id=last["id"], state="sent")
    assert phone.texts_from_account(account.appid) == ["once", "twice"]
    assert [one["id"] for one in agent.messages(talk_id) if one["author"]["kind"] == "agent"] == [
        first["id"],
        last["id"],
    ]


def test_failed_send_is_sent_again_by_a_person(job: Installation) -> None:
    firm = Firm(job, "Retry")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    phone, talk_id = talk(firm, agent, account)
    firm.control.call("PUT", "/emulator/faults", {"send_errcode": 40008})
    try:
        message = agent.answer(talk_id, "hello")
        failed = agent.wait_for_message(talk_id, id=message["id"], state="failed")
    finally:
        firm.control.call("PUT", "/emulator/faults", {"send_errcode": 0})
    assert failed["failure"] == "content_refused"
    assert agent.conversation(talk_id)["waiting_since"] is not None
    assert phone.texts_from_account(account.appid) == []
    path = f"/chat/conversations/{talk_id}/messages/{message['id']}/retries"
    assert agent.call("POST", path, {})["state"] == "sending"
    agent.wait_for_message(talk_id, id=message["id"], state="sent")
    assert phone.texts_from_account(account.appid) == ["hello"]
    assert refused(agent.call, "POST", path, {}).code == "not_resendable"


def test_canned_replies_with_their_variables(job: Installation) -> None:
    firm = Firm(job, "Canned")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    draft = {"title": "开场", "text": "{greeting}，我是{agent}，{unknown}", "scope": "company", "is_locked": True}
    made = firm.admin.call("POST", "/chat/canned-replies", draft)
    own = agent.call("POST", "/chat/canned-replies", {"title": "mine", "text": "{account}", "scope": "personal"})
    assert refused(agent.call, "POST", "/chat/canned-replies", draft).status == 403
    _, talk_id = talk(firm, agent, account)
    rendered = agent.call("GET", f"/chat/canned-replies/rendered?conversation_id={talk_id}")["items"]
    texts = {one["id"]: one["text"] for one in rendered}
    assert texts[made["id"]] in (f"{hello}，我是Ann，{{unknown}}" for hello in ("早上好", "您好"))
    assert texts[own["id"]] == "Account service_verified"
    found = agent.call("GET", "/chat/canned-replies?q=kc")["items"]
    assert made["id"] in [one["id"] for one in found]
    assert own["id"] not in [one["id"] for one in firm.admin.call("GET", "/chat/canned-replies")["items"]]


def test_draft_written_elsewhere_is_not_overwritten(job: Installation) -> None:
    firm = Firm(job, "Drafts")
    account = firm.connect()
    agent = firm.hire("Ann")
    agent.be()
    _, talk_id = talk(firm, agent, account)
    path = f"/chat/conversations/{talk_id}/drafts"
    version = agent.call("PUT", path, {"text": "first", "is_note": False, "version": 0})["version"]
    assert agent.call("PUT", path, {"text": "second", "is_note": True, "version": version})["version"] == version + 1
    stale = refused(agent.call, "PUT", path, {"text": "lost", "is_note": False, "version": version})
    assert (stale.status, stale.code) == (409, "stale_version")
    kept = {"text": "second", "is_note": True, "version": version + 1}
    assert stale.envelope["attribute"]["draft"] == kept
    assert agent.call("GET", f"/chat/conversations/{talk_id}")["draft"] == kept


def test_supervision_figures(job: Installation) -> None:
    """Every figure of a company whose whole day the test knows."""
    firm = Firm(job, "Figures")
    account = firm.connect()
    agent = firm.hire("Ann")
    firm.change_default_group(capacity=2)
    agent.be()
    phone, talk_id = talk(firm, agent, account)
    second, _ = talk(firm, agent, account)
    third = firm.customer("Third", account)
    third.write(account.appid, "hello")
    firm.admin.conversation_of(third, account, "queue")
    firm.advance(100)
    told = agent.answer(talk_id, "hello")
    agent.wait_for_message(talk_id, id=told["id"], state="sent")
    agent.act(talk_id, "rating-invitations")
    menu = wait_for("the invitation", lambda: [one for one in phone.messages(account.appid) if one["kind"] == "menu"])
    tap = {"appid": account.appid, "message_id": menu[0]["id"], "item_id": menu[0]["content"]["items"][1]["id"]}
    firm.control.call("POST", f"/emulator/phones/{phone.id}/taps", tap)
    agent.conversation_of(phone, account, rating=4)

    figures = firm.admin.call("GET", "/chat/supervision")
    assert [(one["name"], one["status"], one["load"], one["capacity"]) for one in figures["agents"] if one["load"]] == [
        ("Ann", "online", 2, 2)
    ]
    assert figures["queue"]["length"] == 1
    assert 100 <= figures["queue"]["longest_wait_seconds"] < 130
    (group,) = figures["groups"]
    assert (group["online"], group["queue"], group["load"], group["capacity"]) == (1, 1, 2, 2)
    today = figures["today"]
    assert 100 <= today.pop("first_answer_mean_seconds") < 130
    assert today == {
        "first_answers": 1,
        "within_target": 1,
        "target_seconds": 1800,
        "within_target_percent": 100.0,
        "opened": 3,
        "closed": 0,
        "rated": 1,
        "rating_mean": 4.0,
        "left_messages": 0,
    }
    moved = firm.admin.act(agent.conversation_of(second, account)["id"], "assignments", agent_id=firm.hire("Ben").id)
    assert moved["agent_name"] == "Ben"


def test_agent_who_stays_away_loses_his_conversation(absence: Absence) -> None:
    """A minute of real time after he went offline it stands in the queue; not before."""
    admin = absence.firm.admin
    if time.monotonic() - absence.since < OFFLINE_SECONDS - 10:
        assert admin.conversation(absence.conversation_id)["agent_id"] == absence.agent.id

    def is_back() -> bool:
        return bool(admin.conversation(absence.conversation_id)["state"] == "queued")

    wait_for("the conversation in the queue", is_back, OFFLINE_SECONDS + 20)
    assert time.monotonic() - absence.since > OFFLINE_SECONDS - 2
    assert admin.lines(absence.conversation_id)[-1]["reason"] == "offline"
