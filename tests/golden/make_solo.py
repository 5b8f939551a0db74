# A small solo-learn / BayesNCL checkpoint with random weights, and what it
# makes of three images in evaluation: solo.safetensors, solo.json.
#
#   python3 make_solo.py        (Debian: python3-torch)
import json
import struct

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(3)


class Block(nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride > 1:
            conv = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(n_out))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4, 1))
        self.layer2 = nn.Sequential(Block(4, 8, 2), Block(8, 8, 1))

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))
        return x.mean((2, 3))


def head():
    return nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 6))


model = nn.ModuleDict(
    {"backbone": Backbone(), "classifier": nn.Linear(8, 3), "projector": head(), "gating_head": head()}
)
for m in model.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.running_mean.normal_(0, 0.3)
        m.running_var.uniform_(0.3, 2)
        m.weight.data.uniform_(0.5, 1.5)
        m.bias.data.normal_(0, 0.3)
    if isinstance(m, nn.Linear):
        m.weight.data.normal_(0, 1)
        m.bias.data.normal_(0, 0.5)
model.eval()

header, data = {}, b""
for name, t in sorted(model.state_dict().items()):
    b = t.numpy().tobytes()
    kind = "I64" if t.dtype == torch.int64 else "F32"
    header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(b)]}
    data += b
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("solo.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)

x = 2 * torch.randn(3, 3, 12, 12) + torch.randn(3, 3, 1, 1)
with torch.no_grad():
    h = model["backbone"](x)
    z = model["projector"](h)
    logit = model["gating_head"](h)
    u = F.normalize(F.normalize(F.relu(z)) * (logit > 0))
    classes = model["classifier"](h)
values = {"x": x.permute(0, 2, 3, 1), "h": h, "z": z, "logit": logit, "u": u, "classes": classes}
with open("solo.json", "w") as f:
    json.dump({k: [float("%.8g" % a) for a in v.flatten().tolist()] for k, v in values.items()}, f)
print(u)
