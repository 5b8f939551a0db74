"""What stands in a query is known to its operation, or refused by name."""
import json
import pathlib
import socket
import urllib.parse

import pytest

from conftest import Daemon

ROOT = pathlib.Path(__file__).parents[2]
CASES = sorted((ROOT / "tests/cases/parameters").glob("*/*.case"))
DOC = json.loads((ROOT / "schema/openapi.json").read_text())


@pytest.fixture(scope="module")
def served(tmp_path_factory, made):
    """One daemon for the tests that only ask."""
    d = Daemon(["--listen", "127.0.0.1:0", "--models", str(made),
                "--data-dir", str(tmp_path_factory.mktemp("data")),
                "--drain-delay", "0"])
    yield d
    d.stop()


def read(path):
    """(method, url, headers, body) of a case."""
    head, _, content = path.read_text().partition("\n\n")
    first, *lines = head.strip("\n").split("\n")
    return first.split(" ", 1), dict(l.split(": ", 1) for l in lines), content


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cases(served, path):
    (method, url), lines, content = read(path)
    status, word, param = (lines["Expect"].split(" ", 2) + ["", ""])[:3]
    headers = {k: v for k, v in lines.items() if k == "Content-Type"}
    assert (status == "200") == (path.parent.name == "ok")
    for m in [method] + ["HEAD"] * (method == "GET"):
        reply = served.client.request(m, url, headers=headers, content=content)
        assert reply.status_code == int(status), reply.text
    if word:
        error = served.client.request(method, url, headers=headers,
                                      content=content).json()["error"]
        assert error["code"] == word
        assert (error["param"] or "") == urllib.parse.unquote(param)
        assert lines.get("Message", "") in error["message"]


def known(item, operation):
    """As the messages name them."""
    for p in item.get("parameters", []) + operation.get("parameters", []):
        if "$ref" in p:
            p = DOC["components"]["parameters"][p["$ref"].rpartition("/")[2]]
        if p["in"] == "query":
            yield p["name"] + "[]" * ("style" in p)


def test_every_operation_refuses_what_it_does_not_know(served):
    n = 0
    for path, item in DOC["paths"].items():
        for url in [path] + item.get("x-aliases", []):
            for method, operation in item.items():
                if method.startswith("x-"):
                    continue
                url = url.replace("{", "").replace("}", "")
                for m in [method] + ["head"] * (method == "get"):
                    reply = served.client.request(m, url + "?zz=1")
                    assert reply.status_code == 400, (m, url, reply.text)
                error = served.client.request(method, url + "?zz=1").json()["error"]
                assert error["param"] == "zz", (method, url)
                named = error["message"].rpartition(" knows ")[2]
                assert sorted(named.split(", ")) == sorted(
                    known(item, operation)) or named == "none", (method, url)
                n += 1
    assert n > 40


def test_an_id_that_is_too_long_is_told_the_limit(served):
    for path in ("models", "aliases", "files", "fine_tuning/jobs", "recordings"):
        reply = served.client.get(f"/v1/{path}/" + "%41" * 256)
        assert reply.status_code == 400
        assert "256 bytes, expected at most 255" in reply.json()["error"]["message"]
        assert served.client.get(f"/v1/{path}/" + "A" * 255).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "get", "X" * 100, "A\x01B"])
def test_a_method_is_named_as_it_was_sent(served, method):
    text = f"{method} /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    got = b""
    with socket.create_connection(served.endpoint, timeout=60) as s:
        s.sendall(text.encode())
        while piece := s.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    if b" 400 " in head.splitlines()[0]:
        return  # the parser did not take it
    assert b" 405 " in head.splitlines()[0] and b"Allow: GET, HEAD" in head
    message = json.loads(body)["error"]["message"]
    assert message.startswith(method[:23] + " is not for /v1/models")
    series = [l for l in served.client.get("/metrics").text.splitlines()
              if l.startswith("latentd_http_requests_total") and '"405"' in l]
    assert series and all('method="OTHER"' in l for l in series)


def test_a_head_of_what_is_streamed_is_a_head_alone(served):
    ask = ("HEAD /v1/recordings/export HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    got = b""
    with socket.create_connection(served.endpoint, timeout=60) as s:
        s.sendall(ask.encode())
        while piece := s.recv(65536):
            got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0]
    assert rest == b"" or rest.startswith(b"HTTP/1.1 200 ")
