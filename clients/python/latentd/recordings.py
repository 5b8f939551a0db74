"""Recordings that are kept, and which are alike."""
from urllib.parse import quote

from .inputs import wire

ROOT = "/v1/recordings"


def given(what):
    """A recording by its id, or an input."""
    if isinstance(what, str):
        return {"recording": what}
    if hasattr(what, "wire"):
        return {"input": what.wire()}
    if hasattr(what, "tolist"):
        return {"embedding": what.tolist()}
    return what


class Recordings:
    def __init__(self, transport):
        self._t = transport

    def put(self, id, input=None, model=None, if_match=None, **more):
        """more: subject, metadata, store_waveform, windowing, embeddings.
        if_match: the etag that it must still have; "" for none: new ones."""
        body = dict(more)
        if input is not None:
            body["input"] = wire(input)
        if model is not None:
            body["models" if isinstance(model, list) else "model"] = model
        headers = {}
        if if_match is not None:
            headers = {"If-Match": f'"{if_match}"'} if if_match else \
                {"If-None-Match": "*"}
        return self._t.send("PUT", self._path(id), json=body,
                            headers=headers).json()

    def get(self, id, include=()):
        return self._t.send("GET", self._path(id),
                            params={"include": ",".join(include)}
                            if include else None).json()

    def list(self, **params):
        return self._t.pages(ROOT, **params)

    def delete(self, id):
        return self._t.send("DELETE", self._path(id)).json()

    def delete_subject(self, subject):
        """Everything of a person; says what there was."""
        return self._t.send("DELETE", "/v1/subjects/" + quote(subject, safe="")
                            ).json()

    def query(self, query, model, **more):
        """The recordings most like a recording, an input or a vector.
        more: using, weights, filter, limit, score_threshold, with_payload …"""
        body = {"model": model, "query": given(query), **more}
        return self._t.send("POST", ROOT + "/query", json=body).json()["data"]

    def similarity(self, source, targets, model, **more):
        body = {"model": model, "source": given(source),
                "targets": [given(t) for t in targets], **more}
        return self._t.send("POST", "/v1/similarity", json=body
                            ).json()["results"]

    @staticmethod
    def _path(id):
        return f"{ROOT}/{quote(id, safe='')}"
