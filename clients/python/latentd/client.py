"""One daemon."""
from urllib.parse import quote

from .inputs import wire
from .jobs import Files, Jobs
from .recordings import Recordings
from .replies import embedding_of
from .transport import Transport

EVERYTHING = ("partitions", "gates", "task", "features", "preprocessing")


class Client:
    """url: of the daemon; api_key: where it asks for one; verify: False, or
    the file of an authority, for certificates of one's own."""

    def __init__(self, url="http://127.0.0.1:8080", api_key=None, timeout=30.0,
                 retries=2, verify=True):
        self._t = Transport(url, api_key, timeout, retries, verify)
        self.recordings = Recordings(self._t)
        self.files = Files(self._t)
        self.jobs = Jobs(self._t)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._t.http.close()

    # ---- embeddings

    def embed(self, input, model, **more):
        """The latent of one window; see embed_many for more."""
        return self.embed_many([input], model, **more)[0]

    def embed_many(self, inputs, model, include=EVERYTHING, **more):
        """Latents, in order.  more: windowing, normalize, gate_mode, partition,
        on_error ("partial": an item's error is in its place), timeout_ms …"""
        body = {"model": model, "input": [wire(i) for i in inputs],
                "encoding_format": "base64", "include": list(include), **more}
        reply = self._t.send("POST", "/v1/embeddings", json=body).json()
        return [embedding_of(item) for item in reply["data"]]

    def similarity(self, source, targets, model, **more):
        """Scores of targets (ids of recordings, inputs or vectors)."""
        return self.recordings.similarity(source, targets, model, **more)

    # ---- models

    def models(self):
        return self._t.send("GET", "/v1/models").json()["data"]

    def model(self, id):
        return self._t.send("GET", "/v1/models/" + quote(id, safe="")).json()

    def delete_model(self, id):
        return self._t.send("DELETE", "/v1/models/" + quote(id, safe="")).json()

    def aliases(self):
        return self._t.send("GET", "/v1/aliases").json()["data"]

    def promote(self, name, model):
        """From now on name means model."""
        return self._t.send("PUT", "/v1/aliases/" + quote(name, safe=""),
                            json={"model": model}).json()

    def ready(self):
        return self._t.http.get("/readyz").status_code == 200
