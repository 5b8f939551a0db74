"""What a daemon answers is what schema/openapi.json says."""
import json
import pathlib

import pytest

from conftest import body, signal_of

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = pathlib.Path(__file__).parents[2] / "schema" / "openapi.json"
DOC = json.loads(SCHEMA.read_text())


def check(name, value):
    jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}",
         "components": DOC["components"]}).validate(value)


def test_the_document_is_served_with_a_tag(daemon):
    reply = daemon.client.get("/openapi.json")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == DOC
    again = daemon.client.get("/openapi.json", headers={
        "if-none-match": reply.headers["etag"]})
    assert again.status_code == 304


def test_every_path_without_a_parameter_answers(daemon):
    for path, item in DOC["paths"].items():
        for url in [path] + item.get("x-aliases", []):
            if "get" in item and "{" not in url:
                assert daemon.client.get(url).status_code == 200, url


def test_replies_are_what_is_written(daemon):
    get, post = daemon.client.get, daemon.client.post
    check("Status", get("/readyz").json())
    check("Version", get("/version").json())
    check("ModelList", get("/v1/models").json())
    check("Model", get("/v1/models/toy").json())
    every = ["partitions", "gates", "preprocessing", "task", "features"]
    for form in ("float", "base64"):
        for cut in ({"mode": "reject"}, {"mode": "center"},
                    {"mode": "tile", "pool": "mean"}):
            reply = post("/v1/embeddings", json=body(
                include=every, encoding_format=form, windowing=cut))
            assert reply.status_code == 200, reply.text
            check("EmbeddingsResponse", reply.json())
    raw = post("/v1/embeddings", json=body(include=every,
                                           encoding_format="bytes"))
    size = int(raw.headers["inference-header-content-length"])
    check("EmbeddingsResponse", json.loads(raw.content[:size]))
    digest = reply.json()["data"][0]["digest"]
    check("Embedding", get(f"/v1/embeddings/{digest}?model=toy&"
                           "include=partitions").json())
    bad = {"model": "toy", "on_error": "partial",
           "input": [signal_of(), signal_of(20)]}
    check("EmbeddingsResponse", post("/v1/embeddings", json=bad).json())
    check("ValidationResponse", post("/v1/validate", json=bad).json())


@pytest.mark.parametrize("status, ask", [
    (400, dict(json={"model": "toy"})), (404, dict(json=body(model="x"))),
    (405, None), (415, dict(content=b"x")),
    (422, dict(json=body(n=20)))])
def test_errors_are_what_is_written(daemon, status, ask):
    if ask is None:
        reply = daemon.client.delete("/v1/embeddings")
    else:
        reply = daemon.client.post("/v1/embeddings", **ask)
    assert reply.status_code == status
    check("ErrorResponse", reply.json())


def test_good_bodies_fit_the_schema_and_bad_members_do_not():
    cases = SCHEMA.parents[1] / "tests" / "cases" / "embeddings"

    def json_of(path):
        head, _, text = path.read_text().partition("\n\n")
        if "Content-Type: application/json" not in head or "Body:" in head:
            return None
        return json.loads(text)

    n = 0
    for path in sorted(cases.glob("ok/*.case")):
        value = json_of(path)
        if value:
            check("EmbeddingsRequest", {k: v for k, v in value.items()
                                        if v is not None})
            n += 1
    assert n > 10
    for name in ("unknown-member", "unknown-member-of-signal",
                 "unknown-member-of-windowing", "unknown-encoding",
                 "unknown-include", "unknown-partition", "timeout-zero",
                 "rate-zero", "rate-text", "encoding-unknown", "type-missing",
                 "input-of-tokens", "model-missing", "input-empty",
                 "normalize-not-bool", "hop-zero", "channels-missing"):
        value = json_of(cases / "bad" / (name + ".case"))
        with pytest.raises(jsonschema.ValidationError):
            check("EmbeddingsRequest", value)
