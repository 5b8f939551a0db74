"""FastAPI and TorchScript, as tests/bench/services measures them.

    MODEL=model.pt uvicorn --workers 2 --port PORT fastapi_app:app

POST {"data": [numbers]} answers {"embedding": [numbers]}.
"""
import os
from typing import List

import torch
from fastapi import FastAPI
from pydantic import BaseModel

torch.set_num_threads(1)
app = FastAPI()
net = torch.jit.load(os.environ["MODEL"])


class Signal(BaseModel):
    data: List[float]


@app.post("/")
def embed(signal: Signal):
    with torch.no_grad():
        y = net(torch.tensor(signal.data).reshape(1, 1, -1))
    return {"embedding": y[0].tolist()}
