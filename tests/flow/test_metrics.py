"""What /metrics says: well-formed, named as the contract names it, adding up."""
import re
import shutil
import subprocess

import pytest

from conftest import body

NAMES = """latentd_build_info latentd_http_requests_total
latentd_http_request_duration_seconds latentd_queue_depth
latentd_queue_wait_seconds latentd_batch_inputs latentd_batch_samples
latentd_inference_duration_seconds latentd_parse_duration_seconds
latentd_search_duration_seconds latentd_search_vectors_total
latentd_rejected_total latentd_cache_requests_total latentd_cache_bytes
latentd_nonfinite_outputs_total latentd_input_warnings_total
latentd_database_bytes latentd_database_wal_bytes latentd_database_queue_depth
latentd_database_queue_max latentd_database_commits_total
latentd_database_changes_total latentd_jobs latentd_job_step
latentd_model_loaded process_resident_memory_bytes process_open_fds
process_cpu_seconds_total process_start_time_seconds""".split()

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\]*",?)*)\})? ([-+.e\dInf]+)$')


def parse(text):
    """{family: (type, {(name, labels): value})}; fails on what is not so."""
    families, kind, name = {}, None, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in families, f"{name} twice"
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name
            families[name] = (line.split()[3], {})
        else:
            m = SAMPLE.match(line)
            assert m, line
            kind, samples = families[name]
            base = re.sub("_(bucket|sum|count)$", "", m[1]) \
                if kind == "histogram" else m[1]
            assert base == name, line
            assert (m[1], m[2]) not in samples, line
            samples[m[1], m[2]] = float(m[3])
    return families


@pytest.fixture
def busy(daemon):
    """After a hit, a miss, a bypass and an error or two."""
    ask = daemon.client.post
    for i in range(4):
        assert ask("/v1/embeddings", json=body(seed=i % 3)).status_code == 200
    ask("/v1/embeddings", json=body(), headers={"Cache-Control": "no-store"})
    ask("/v1/embeddings", content=b"{", headers={
        "Content-Type": "application/json"})
    daemon.client.get("/v1/models/nobody")
    return daemon


def test_the_text_is_well_formed_and_has_every_name(busy):
    r = busy.client.get("/metrics")
    assert r.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = parse(r.text)
    assert not set(NAMES) - set(families)
    for name, (kind, samples) in families.items():
        assert (kind == "counter") == name.endswith("_total"), name
        assert ":" not in name
        assert kind in ("counter", "gauge", "histogram")
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "metrics"], input=r.text,
                       text=True, check=True)


def test_buckets_rise_to_the_count(busy):
    for name, (kind, samples) in parse(busy.client.get("/metrics").text).items():
        if kind != "histogram":
            continue
        last = {}
        for (sample, labels), value in samples.items():
            rest = re.sub(',?le="[^"]*"', "", labels or "")
            if sample.endswith("_bucket"):
                assert value >= last.get(rest, 0), (name, labels)
                last[rest] = value
            elif sample.endswith("_count"):
                assert value == last[rest], (name, labels)


def test_lookups_add_up(busy):
    get = busy.metric
    parts = {r: get("latentd_cache_requests_total", model="toy", result=r)
             for r in ("hit", "miss", "coalesced", "bypass")}
    assert parts == {"hit": 1, "miss": 3, "coalesced": 0, "bypass": 1}
    assert get("latentd_inference_duration_seconds_count") == 4
    assert get("latentd_batch_inputs_sum") == sum(parts.values())
    assert get("latentd_batch_samples_sum") == 250 * sum(parts.values())
    assert get("latentd_cache_bytes") > 0
    assert get("latentd_rejected_total", reason="invalid") == 2


def test_routes_are_templates(busy):
    get = busy.metric
    assert get("latentd_http_requests_total", route="/v1/models/{id}",
               method="GET", code="404") == 1
    assert get("latentd_http_requests_total", route="/v1/embeddings",
               method="POST", code="200") == 5
    busy.client.get("/some/other/path")
    text = busy.client.get("/metrics").text
    assert "nobody" not in text and "/some/other" not in text
    assert get("latentd_http_requests_total", route="(none)", code="404") == 1


def test_the_database_is_measured(daemon):
    d = daemon
    before = d.metric("latentd_database_changes_total", result="kept")
    for i in range(3):
        assert d.client.put(f"/v1/recordings/r{i}", json={
            "model": "toy", "input": body(seed=i)["input"][0]}).status_code == 201
    assert d.client.delete("/v1/recordings/none").status_code == 404
    assert d.metric("latentd_database_changes_total", result="kept") == before + 3
    assert d.metric("latentd_database_changes_total", result="undone") == 1
    assert d.metric("latentd_database_commits_total") >= 1
    assert d.metric("latentd_database_queue_depth") == 0
    assert d.metric("latentd_database_queue_max") > 0
    assert d.metric("latentd_database_bytes") > 0
    assert d.metric("latentd_database_wal_bytes") > 0
