import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.chat_server import calls, chat_server

from eowidgets.analysis.ask import run
from eowidgets.analysis.ask.language import KINDS, AreaOf, Scope, to_json
from eowidgets.analysis.ask.plan import plan_of
from eowidgets.analysis.ask.remote import ask_server, schema
from eowidgets.errors import InputError

PROGRAM = {"kind": "area", "of": "forest", "start": "2019-01-01", "end": "2019-12-31"}


@pytest.fixture
def asked(romania, monkeypatch):
    """Ask a server that replies so; gives the answer and what the server was sent."""

    def ask(reply, question="How much forest in 2019?", **given):
        with chat_server(reply) as (url, seen):
            monkeypatch.setenv("EOWIDGETS_LLM_URL", url)
            monkeypatch.setenv("EOWIDGETS_LLM_KEY", "a-secret")
            return ask_server(romania, question, **given), seen

    return ask


def test_numbers_come_from_the_tools_never_from_its_prose(asked, romania):
    answer, seen = asked(lambda _: (200, calls(PROGRAM)))
    own = run(romania, AreaOf(Scope("2019-01-01", "2019-12-31"), "forest"))
    assert answer.value == own.value
    assert answer.text == own.text
    assert "123456" not in answer.text
    assert seen[0]["key"] == "Bearer a-secret"
    assert seen[0]["path"] == "/v1/chat/completions"
    assert "a-secret" not in str(seen[0]["body"])
    assert "a-secret" not in answer.code + str(answer.steps)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda _: (200, b"<html>"), "not JSON"),
        (lambda _: (200, b'{"choices": []}'), "not a chat completion"),
        (lambda _: (200, b"[1, 2]"), "not a chat completion"),
        (lambda _: (200, calls({"kind": "rm -rf"})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "exec": "1"})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "place": "../etc"})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": 3})), "not in the language"),
        (lambda _: (200, b'{"choices": [{"message": {"content": "I would say 12 ha."}}]}'), "cannot answer"),
        (lambda _: (429, b"{}"), "refused"),
        (lambda _: (302, b""), r"refused the question \(status 302\)"),
        (lambda _: (200, b"[" * 100_000), "not JSON"),
        (lambda _: (200, b'{"choices":' + b"9" * 100_000 + b"}"), "not JSON"),
        (lambda _: (200, b"\xff\xfe{"), "not JSON"),
        (lambda _: (200, calls(0).replace(b'"0"', b'"' + b"[" * 50_000 + b'"')), "not a chat completion"),
        (lambda _: (200, calls({"kind": ["area"]})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "start": "9999-99-99"})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "end": "soon"})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "months": [10**30]})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "months": {"a": 1}})), "not in the language"),
        (lambda _: (200, calls({"kind": "area", "of": "forest", "layer": "\ud800"})), "not in the language"),
        (lambda _: (200, calls({"kind": "outlook", "of": "NDVI"})), "first and last day"),
        (lambda _: (200, b" " * 300_000), "too large for a program"),
    ],
)
def test_a_server_that_misbehaves_gives_a_sentence(asked, reply, words):
    answer, _ = asked(reply)
    assert answer.abstained
    assert answer.value is None
    assert re.search(words, answer.reason)
    assert "\n" not in answer.reason


def test_the_key_is_not_carried_to_another_server(monkeypatch, romania):
    with chat_server(lambda _: (200, calls(PROGRAM))) as (other, seen):

        class Redirect(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(302)
                self.send_header("Location", f"{other}/chat/completions")
                self.end_headers()

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("EOWIDGETS_LLM_URL", f"http://127.0.0.1:{server.server_port}/v1")
            monkeypatch.setenv("EOWIDGETS_LLM_KEY", "a-secret")
            assert "status 302" in ask_server(romania, "How much forest in 2019?").reason
            server.shutdown()
    assert seen == []


def test_a_slow_server_is_given_up(asked):
    over = threading.Event()

    def slow(_):
        over.wait(20)
        return 200, b"{}"

    try:
        answer, _ = asked(slow, timeout=0.2)
    finally:
        over.set()
    assert answer.abstained
    assert "0.2 seconds" in answer.reason


def test_the_plan_is_shown_before_it_runs(asked, monkeypatch, capsys):
    from eowidgets.analysis.ask import remote

    happened = []

    def run_after(*args, **given):
        happened.append("run")
        return run(*args, **given)

    monkeypatch.setattr(remote, "run", run_after)
    answer, _ = asked(lambda _: (200, calls(PROGRAM)), show=happened.append)
    assert happened == ["Plan: measure the area of forest in 2019.", "run"]
    assert answer.steps[0].tool == "plan"
    assert answer.steps[0].output == happened[0]
    asked(lambda _: (200, calls(PROGRAM)))
    assert capsys.readouterr().out.strip() == happened[0]


def test_a_plan_can_be_stopped(asked):
    def stop(plan):
        raise InputError(f"Not wanted. {plan}")

    answer, _ = asked(lambda _: (200, calls(PROGRAM)), show=stop)
    assert answer.abstained
    assert answer.reason.startswith("Not wanted.")
    assert answer.value is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_plan_and_a_place_in_the_schema(kind):
    program = KINDS[kind]()
    plan = plan_of(program)
    assert plan.startswith("Plan: ")
    assert plan.endswith(".")
    fields = set(to_json(program)) | {"kind"}
    assert fields <= set(schema()["properties"])


def test_new_kinds_come_through_the_server_too(asked):
    values = {
        "kind": "threshold",
        "of": "forest",
        "relation": "above",
        "limit": 50,
        "unit": "%",
        "start": "2019-01-01",
        "end": "2019-12-31",
    }
    answer, _ = asked(lambda _: (200, calls(values)), "Is more than half forest in 2019?")
    assert answer.value is True
    assert answer.text.startswith("Yes")
    fact, _ = asked(lambda _: (200, calls({"kind": "fact", "of": "satellite"})))
    assert "Sentinel-2" in fact.text


def test_nobody_there(romania, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_LLM_URL", "http://127.0.0.1:9")
    assert "could not be reached" in ask_server(romania, "How much forest?").reason


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://127.0.0.1"])
def test_no_address_or_no_web_address(romania, monkeypatch, url):
    monkeypatch.setenv("EOWIDGETS_LLM_URL", url)
    with pytest.raises(InputError, match="EOWIDGETS_LLM_URL"):
        ask_server(romania, "How much forest?")


def test_offline_means_offline(romania, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    monkeypatch.setenv("EOWIDGETS_LLM_URL", "https://example.org/v1")
    with pytest.raises(InputError, match="OFFLINE"):
        ask_server(romania, "How much forest?")


def test_the_schema_names_every_kind():
    assert set(schema()["properties"]["kind"]["enum"]) == set(KINDS)
