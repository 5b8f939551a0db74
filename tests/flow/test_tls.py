"""TLS: our certificate, exchanged while serving; those of clients."""
import concurrent.futures
import shutil
import signal
import socket
import ssl
import subprocess

import httpx
import pytest

from conftest import BUILD, PATIENCE, body, clean_environ

pytestmark = pytest.mark.skipif(not shutil.which("openssl"),
                                reason="openssl makes the certificates")


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pem = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.pem)

    def sign(self, name, days=2):
        pem, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extra = self.folder / f"{name}.csr", self.folder / "extra"
        extra.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey",
                self.key, "-CAcreateserial", "-days", str(days), "-extfile",
                extra, "-out", pem)
        return pem, key


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True,
                   capture_output=True)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


@pytest.fixture
def served(authority):
    pem, key = authority.sign("server")
    return {"tls_cert": pem, "tls_key": key}


def client(d, authority, cert=None):
    return httpx.Client(base_url="https://" + d.address, timeout=PATIENCE,
                        verify=str(authority.pem),
                        cert=cert and tuple(map(str, cert)))


def shown(d):
    """The certificate that a handshake now shows, as PEM."""
    return ssl.get_server_certificate(d.endpoint)


def test_the_listener_speaks_tls_alone(start, authority, served):
    d = start(**served)
    assert d.line("listening")["scheme"] == "https"
    with client(d, authority) as c:
        assert c.get("/readyz").status_code == 200
        for i in range(3):
            reply = c.post("/v1/embeddings", json=body(seed=i))
            assert reply.status_code == 200, reply.text
    with pytest.raises(httpx.HTTPError):
        d.client.get("/readyz")
    with pytest.raises(httpx.HTTPError):
        httpx.get("https://" + d.address + "/readyz")  # whose is it?


def test_versions_before_1_2_are_refused(start, served):
    d = start(**served)

    def handshake(version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(d.endpoint, PATIENCE) as s:
            with context.wrap_socket(s) as t:
                return t.version()

    assert handshake(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert handshake(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises((ssl.SSLError, ConnectionError)), \
            pytest.warns(DeprecationWarning):
        handshake(ssl.TLSVersion.TLSv1_1)


def test_many_clients_at_once_are_answered(start, models, made, authority,
                                           served):
    (models / "slow.safetensors").write_bytes(
        (made / "slow.safetensors").read_bytes())
    d = start(**served)

    def ask(i):
        with client(d, authority) as c:
            return [c.post("/v1/embeddings", json=body(
                seed=10 * i + k, model="slow" if k else "toy",
                timeout_ms=600000)).status_code for k in range(2)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [[200, 200]] * 16


def test_the_certificate_is_exchanged_on_sighup(start, authority, served):
    d = start(**served)
    before = shown(d)
    kept = client(d, authority)
    assert kept.get("/livez").status_code == 200
    authority.sign("server")
    assert shown(d) == before
    d.signal(signal.SIGHUP)
    d.line("reloaded: the certificate")
    after = shown(d)
    assert after != before
    assert kept.get("/livez").status_code == 200  # an open connection stays
    kept.close()
    served["tls_key"].write_text("nonsense")
    d.signal(signal.SIGHUP)
    assert "stays" in d.line("reload: tls-cert")["msg"]
    assert shown(d) == after


def test_clients_show_a_certificate_where_an_authority_is_named(
        start, tmp_path, authority, served):
    other = tmp_path / "other"
    other.mkdir()
    stranger = Authority(other, "stranger").sign("eve")
    d = start(**served, tls_client_ca=authority.pem)
    with client(d, authority) as c:
        assert c.get("/readyz").status_code == 200
        reply = c.get("/v1/models")
        assert reply.status_code == 401
        assert reply.json()["error"]["code"] == "invalid_client_certificate"
    with client(d, authority, authority.sign("alice")) as c:
        assert c.get("/v1/models").status_code == 200
        assert c.post("/v1/embeddings", json=body()).status_code == 200
    with client(d, authority, stranger) as c:
        try:
            assert c.get("/v1/models").status_code == 401
        except httpx.HTTPError:
            pass  # refused in the handshake already


def test_files_that_do_not_fit_end_the_start(models, tmp_path, authority,
                                             served):
    def start_with(**settings):
        args = [str(BUILD / "latentd"), "--listen", "127.0.0.1:0", "--models",
                str(models), "--data-dir", str(tmp_path / "data")]
        for name, value in settings.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        return subprocess.run(args, capture_output=True, text=True,
                              env=clean_environ(), timeout=PATIENCE)

    _, wrong = authority.sign("somebody")
    got = start_with(tls_cert=served["tls_cert"], tls_key=wrong)
    assert got.returncode == 1 and "cannot be used together" in got.stderr
    got = start_with(tls_cert=served["tls_cert"])
    assert got.returncode == 2 and "go together" in got.stderr
    got = start_with(tls_client_ca=authority.pem)
    assert got.returncode == 2 and "tls-client-ca" in got.stderr
    got = start_with(tls_cert=tmp_path / "none", tls_key=wrong)
    assert got.returncode == 1 and "tls-cert" in got.stderr


def test_latent_asks_over_tls_with_a_key(start, tmp_path, authority, served):
    file = tmp_path / "keys"
    key = subprocess.run(
        [str(BUILD / "latent"), "keys", "create", "me", "-f", str(file)],
        capture_output=True, text=True, check=True).stdout
    (tmp_path / "key").write_text(key)
    d = start(**served, keys_file=file)

    def models_of(*args, **env):
        return subprocess.run(
            [str(BUILD / "latent"), "models", "-s", "https://" + d.address,
             *map(str, args)], capture_output=True, text=True,
            env={**clean_environ(), **env})

    got = models_of("--ca", authority.pem, "--key-file", tmp_path / "key")
    assert got.returncode == 0 and "toy@1" in got.stdout, got.stderr
    got = models_of("--ca", authority.pem, LATENT_API_KEY=key.strip())
    assert got.returncode == 0 and "toy@1" in got.stdout, got.stderr
    assert models_of("--ca", authority.pem).returncode == 1
    assert "certificate" in models_of("--key-file",
                                      tmp_path / "key").stderr.lower()
    got = models_of("--ca", authority.pem, "--key-file", "/dev/null")
    assert got.returncode == 1
