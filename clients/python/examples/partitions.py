"""What the blocks of an ECG's latent do when the window begins later.

    python3 partitions.py [URL [OUT.png]]

Cells are marked for editors that run them one by one.  Needs a daemon with the
model ecg-scl, and matplotlib.
"""
# %% A made-up ECG: beats of three waves, twice as long as a window
import sys

import numpy

from latentd import Client, Signal

RATE, WINDOW = 360, 720
url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
out = sys.argv[2] if len(sys.argv) > 2 else "partitions.png"


def ecg(seconds, rhythm=0.8):
    t = numpy.arange(int(seconds * RATE)) / RATE
    beat = (t % rhythm) / rhythm
    waves = ((0.12, 0.18, 0.03), (1.0, 0.30, 0.012), (0.3, 0.55, 0.05))
    return sum(a * numpy.exp(-((beat - at) / width) ** 2 / 2)
               for a, at, width in waves)


samples = ecg(4.2)

# %% The same heart, the window 0 to 150 ms later; one request
shifts = numpy.arange(0, 151, 10)
windows = [Signal(samples[s:s + WINDOW], RATE, ["MLII"], "mV")
           for s in (shifts * RATE / 1000).astype(int)]
with Client(url) as latentd:
    latents = latentd.embed_many(windows, "ecg-scl")

# %% Cosine of each block with the first window's
def cosine(a, b):
    return float(a @ b / numpy.linalg.norm(a) / numpy.linalg.norm(b))


curves = {name: [cosine(z.partitions[name], latents[0].partitions[name])
                 for z in latents]
          for name in latents[0].partitions}
for name, curve in curves.items():
    print(f"{name:10} {min(curve):.3f} at least")

# %% Plotted
try:
    import matplotlib
except ImportError:
    sys.exit("no matplotlib: no plot (apt-get install python3-matplotlib)")
matplotlib.use("Agg")
import matplotlib.pyplot as plot  # noqa: E402

for name, curve in curves.items():
    plot.plot(shifts, curve, label=name)
plot.xlabel("the window begins later by, ms")
plot.ylabel("cosine with the first window")
plot.legend()
plot.savefig(out, dpi=120)
