"""Files and fine-tuning jobs."""
import json
import os
import sys
import time

import httpx

from .errors import TransportError, error_of

ENDED = {"succeeded", "failed", "cancelled"}
ROOT = "/v1/fine_tuning/jobs"


class Files:
    def __init__(self, transport):
        self._t = transport

    def upload(self, path, purpose="fine-tune"):
        with open(path, "rb") as f:
            return self._t.send("POST", "/v1/files", data={"purpose": purpose},
                                files={"file": (os.path.basename(path), f)}
                                ).json()

    def list(self, **params):
        return self._t.pages("/v1/files", **params)

    def get(self, id):
        return self._t.send("GET", f"/v1/files/{id}").json()

    def content(self, id):
        return self._t.send("GET", f"/v1/files/{id}/content").content

    def delete(self, id):
        return self._t.send("DELETE", f"/v1/files/{id}").json()


class Jobs:
    def __init__(self, transport):
        self._t = transport

    def create(self, model, training_file, **more):
        """more: validation_file, suffix, seed, hyperparameters, objective …"""
        body = {"model": model, "training_file": training_file, **more}
        return self._t.send("POST", ROOT, json=body).json()

    def list(self, **params):
        return self._t.pages(ROOT, **params)

    def get(self, id):
        return self._t.send("GET", f"{ROOT}/{id}").json()

    def cancel(self, id):
        return self._t.send("POST", f"{ROOT}/{id}/cancel").json()

    def pause(self, id):
        return self._t.send("POST", f"{ROOT}/{id}/pause").json()

    def resume(self, id):
        return self._t.send("POST", f"{ROOT}/{id}/resume").json()

    def checkpoints(self, id):
        return self._t.pages(f"{ROOT}/{id}/checkpoints")

    def events(self, id):
        """As they come, (kind, data), until the job has ended; a line that is
        cut is taken up where it was."""
        last = None
        while True:
            try:
                for event in self._stream(id, last):
                    last = event.pop("id", last)
                    yield event["event"], event["data"]
                    if event["event"] == "done":
                        return
            except httpx.TransportError:
                time.sleep(1)
                if self.get(id)["status"] in ENDED and last is None:
                    return

    def _stream(self, id, last):
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        with self._t.stream("GET", f"{ROOT}/{id}/events", headers=headers,
                            timeout=httpx.Timeout(30, read=60)) as r:
            if r.status_code >= 400:
                r.read()
                raise error_of(r)
            event = {}
            for line in r.iter_lines():
                line = line.rstrip("\n")
                name, _, value = line.partition(": ")
                if not line and "data" in event:
                    event.setdefault("event", "message")
                    event["data"] = json.loads(event["data"])
                    yield event
                    event = {}
                elif name in ("id", "event", "data"):
                    event[name] = value

    def wait(self, id, progress=True):
        """The job once it has ended; shows a line of progress on the way."""
        for kind, data in self.events(id):
            if progress and kind == "metrics":
                show(self.get(id), data)
        if progress:
            print(file=sys.stderr)
        job = self.get(id)
        if job["status"] not in ENDED:
            raise TransportError(f"the events of job {id} ended before it did")
        return job


def show(job, metrics):
    done = job.get("progress") or {}
    step, total = done.get("step", 0), done.get("total_steps") or 1
    bar = "#" * (30 * step // total)
    loss = metrics.get("train_loss")
    print(f"\r[{bar:<30}] {step}/{total}"
          + (f"  loss {loss:.4g}" if loss is not None else ""), end="",
          file=sys.stderr, flush=True)
