"""What deploy/ holds fits the daemon, and those who will read it take it."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, body, clean_environ
from test_clients import fetched
from test_metrics import parse
from test_openapi import DOC

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def needs(program):
    return pytest.mark.skipif(not shutil.which(program),
                              reason=f"{program} is not installed")


def run(*args, **more):
    got = subprocess.run([str(a) for a in args], capture_output=True,
                         text=True, **more)
    assert got.returncode == 0, got.stdout + got.stderr
    return got.stdout


# ---- systemd


@needs("systemd-analyze")
def test_the_unit_leaves_little_open():
    unit = DEPLOY / "systemd" / "latentd.service"
    said = run("systemd-analyze", "security", "--offline=yes", "--no-pager",
               "--threshold=20", unit)
    figure = re.search(r"exposure level for \S+: ([\d.]+)", said)[1]
    assert float(figure) < 2
    # another systemd than Debian 12's may count otherwise
    if run("systemctl", "--version").startswith("systemd 252"):
        text = " ".join((ROOT / "README.md").read_text().split())
        assert f"exposure of {figure} by `systemd-analyze security`" in text


@needs("systemd-analyze")
def test_the_unit_is_well_formed(tmp_path):
    text = (DEPLOY / "systemd" / "latentd.service").read_text()
    # the program that is not installed here
    unit = tmp_path / "latentd.service"
    unit.write_text(re.sub(r"^(ExecStart=)\S+", rf"\1{BUILD}/latentd", text,
                           flags=re.M).replace("man:latentd(8) "
                                               "man:latentd.conf(5)",
                                               "https://example.org"))
    got = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)],
                         capture_output=True, text=True)
    assert "latentd.service" not in got.stderr, got.stderr


# ---- the container


def test_the_containerfile_copies_what_is_there():
    text = (DEPLOY / "Containerfile").read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.M):
        assert (ROOT / source).exists(), source
    assert re.search(r"^USER (?!0|root)", text, re.M)
    for name in re.findall(r"\b(LATENTD_[A-Z_]+)=", text):
        setting = name[len("LATENTD_"):].lower().replace("_", "-")
        assert re.search(rf"^#{setting} =", (DEPLOY / "latentd.conf")
                         .read_text(), re.M), name


def test_compose_names_what_is_there():
    yaml = pytest.importorskip("yaml")
    doc = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    one = doc["services"]["latentd"]
    assert (DEPLOY / one["build"]["context"] /
            one["build"]["dockerfile"]).exists()
    assert one["read_only"] and one["cap_drop"] == ["ALL"]
    for name in one["volumes"]:
        assert name.partition(":")[0] in doc["volumes"]


@needs("docker-compose")
def test_docker_compose_takes_its_file():
    said = run("docker-compose", "-f", DEPLOY / "compose.yaml", "config")
    assert "LATENTD_KEYS_FILE: /var/lib/latentd/keys" in said


# ---- Kubernetes


@pytest.fixture(scope="module")
def manifests():
    yaml = pytest.importorskip("yaml")
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    docs = list(yaml.safe_load_all(run("kubectl", "kustomize",
                                       DEPLOY / "kubernetes")))
    return {(d["kind"], d["metadata"]["name"]): d for d in docs}


def test_the_manifests_fit_each_other(manifests):
    pod = manifests["Deployment", "latentd"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    one = pod["spec"]["containers"][0]
    ports = {p["name"]: p["containerPort"] for p in one["ports"]}
    selector = manifests["Deployment", "latentd"]["spec"]["selector"]
    assert selector["matchLabels"].items() <= labels.items()
    for (kind, _), doc in manifests.items():
        if kind == "Service":
            assert doc["spec"]["selector"]
            assert doc["spec"]["selector"].items() <= labels.items()
            for p in doc["spec"]["ports"]:
                assert p["targetPort"] in ports
        if kind != "Namespace":
            assert doc["metadata"]["namespace"] == "latentd"
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        ask = one[name]["httpGet"]
        assert "get" in DOC["paths"][ask["path"]] and ask["port"] in ports
    volumes = {v["name"]: v for v in pod["spec"]["volumes"]}
    assert {m["name"] for m in one["volumeMounts"]} == set(volumes)
    claim = volumes["data"]["persistentVolumeClaim"]["claimName"]
    assert ("PersistentVolumeClaim", claim) in manifests
    security = one["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    # the drain must end before the pod is killed
    conf = (DEPLOY / "latentd.conf").read_text()
    drain = sum(int(re.search(rf"^#drain-{n} = (\d+)", conf, re.M)[1])
                for n in ("delay", "timeout"))
    assert pod["spec"]["terminationGracePeriodSeconds"] > drain


def test_the_arguments_of_the_pod_are_settings(manifests):
    one = manifests["Deployment", "latentd"]["spec"]["template"]["spec"][
        "containers"][0]
    run(BUILD / "latentd", *one["args"], "--print-config", env=clean_environ())


def test_the_manifests_pass_the_schema_of_kubernetes(manifests):
    folder = fetched("kubernetes-models")
    script = """
    const docs = JSON.parse(require('fs').readFileSync(0));
    for (const d of docs) {
      const [group, v] = d.apiVersion.includes('/')
        ? d.apiVersion.split('/') : ['', d.apiVersion];
      const path = 'kubernetes-models/' + (group ? group + '/' : '') + v;
      new (require(path)[d.kind])(d).validate();
    }"""
    got = subprocess.run(["node", "-e", script], cwd=folder,
                         input=json.dumps(list(manifests.values())),
                         capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    broken = json.loads(json.dumps(manifests["Deployment", "latentd"]))
    broken["spec"]["replicas"] = "two"
    got = subprocess.run(["node", "-e", script], cwd=folder,
                         input=json.dumps([broken]), capture_output=True,
                         text=True)
    assert got.returncode != 0 and "replicas" in got.stderr


# ---- Prometheus and Grafana


@needs("promtool")
@pytest.mark.parametrize("args", [
    ("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml"),
    ("check", "config", "prometheus.yml")])
def test_promtool_takes_the_rules(args):
    run("promtool", *args, cwd=DEPLOY / "monitoring")


@pytest.fixture
def families(start, tmp_path):
    """The families of a daemon that has done a bit of everything."""
    d = start()
    d.client.post("/v1/embeddings", json=body())
    d.client.post("/v1/embeddings", content=b"{", headers={
        "Content-Type": "application/json"})
    return parse(d.client.get("/metrics").text)


WORDS = set("""by le sum rate increase histogram_quantile on and changes absent
avg_over_time label_values route code reason model kind result format job up
version instance""".split())


def names_of(expr):
    """What stands for a metric in a query."""
    expr = re.sub(r'"[^"]*"|\[[^]]*\]', "", expr)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", expr)) - WORDS


def check_names(exprs, families, recorded):
    assert exprs
    known = set(recorded)
    for name, (kind, _) in families.items():
        known |= ({f"{name}_{end}" for end in ("bucket", "sum", "count")}
                  if kind == "histogram" else {name})
    for expr in exprs:
        assert names_of(expr), expr
        assert names_of(expr) <= known, f"{names_of(expr) - known} in {expr}"


def test_rules_use_metrics_that_there_are(families):
    yaml = pytest.importorskip("yaml")
    rules = [r for g in yaml.safe_load(
        (DEPLOY / "monitoring" / "rules.yml").read_text())["groups"]
        for r in g["rules"]]
    check_names([r["expr"] for r in rules if not r["expr"].startswith("up{")],
                families, [r["record"] for r in rules if "record" in r])


def test_the_dashboard_uses_metrics_that_there_are(families):
    board = json.loads((DEPLOY / "monitoring" / "dashboard.json").read_text())
    exprs = [t["expr"] for p in board["panels"] for t in p["targets"]]
    exprs += [a["expr"] for a in board["annotations"]["list"]]
    exprs += [v["query"] for v in board["templating"]["list"]
              if v["type"] == "query"]
    check_names(exprs, families, [])
    ids = [p["id"] for p in board["panels"]]
    assert len(set(ids)) == len(ids)
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert len(set(places)) == len(places)


@needs("promtool")
def test_promtool_takes_every_expression_of_the_dashboard(tmp_path):
    board = json.loads((DEPLOY / "monitoring" / "dashboard.json").read_text())
    rules = [{"record": f"panel:{i}", "expr": t["expr"].replace(
        "$__rate_interval", "5m").replace("$job", "latentd")}
        for i, t in enumerate(t for p in board["panels"]
                              for t in p["targets"])]
    (tmp_path / "rules.json").write_text(
        json.dumps({"groups": [{"name": "board", "rules": rules}]}))
    run("promtool", "check", "rules", tmp_path / "rules.json")


# ---- proxies


@pytest.fixture
def certificate(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=latentd", "-keyout",
        tmp_path / "latentd.key", "-out", tmp_path / "latentd.pem")
    with open(tmp_path / "both.pem", "w") as f:
        f.write((tmp_path / "latentd.pem").read_text() +
                (tmp_path / "latentd.key").read_text())
    return tmp_path


@needs("haproxy")
def test_haproxy_takes_its_recipe(certificate):
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text()
    file = certificate / "haproxy.cfg"
    file.write_text(text.replace("/etc/haproxy/latentd.pem",
                                 str(certificate / "both.pem")))
    run("haproxy", "-c", "-f", file)


@needs("nginx")
def test_nginx_takes_its_recipe(certificate):
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    file = certificate / "nginx.conf"
    file.write_text(f"pid {certificate}/pid;\nerror_log stderr;\n" +
                    text.replace("/etc/nginx/", f"{certificate}/"))
    run("nginx", "-t", "-c", file)
