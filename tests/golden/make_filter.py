# Makes filter.txt: what scipy's sosfiltfilt answers.  Needs numpy and scipy.
#
# Each case is a line "low high order rate ends pad center scale", a line of
# window and channels, a line of samples and a line of what must come out.
import numpy as np
from scipy import signal

rng = np.random.default_rng(5)
CASES = [
    (0.5, 40, 2, 360, "odd", 0, 1, "none", 120, 1),
    (0.5, 40, 2, 360, "odd", 0, 1, "mad", 120, 1),
    (0.5, 40, 2, 360, "even", 0, 0, "iqr", 97, 1),
    (0.5, 40, 4, 250, "constant", 60, 1, "q90", 100, 2),
    (0.5, 40, 3, 360, "odd", 50, 1, "q95", 100, 1),
    (5, 15, 1, 100, "odd", 0, 1, "std", 64, 1),
    (0, 20, 3, 50, "odd", 21, 0, "mean-abs", 64, 3),
    (0.3, 0, 2, 50, "odd", 15, 0, "peak", 64, 3),
    (0, 0, 0, 50, "odd", 0, 1, "none", 32, 3),
    (0.5, 40, 2, 360, "even", 95, 1, "hann", 96, 2),
]


def design(low, high, order, rate):
    if low and high:
        return signal.butter(order, [low, high], "bandpass", fs=rate, output="sos")
    if high:
        return signal.butter(order, high, "lowpass", fs=rate, output="sos")
    return signal.butter(order, low, "highpass", fs=rate, output="sos")


def spread(y, kind):
    a = np.abs(y)
    return {
        "none": lambda: 1.0,
        "std": lambda: np.std(y),
        "mean-abs": lambda: 1.2533141373155003 * a.mean(),
        "mad": lambda: 1.4826022185056018 * np.median(a),
        "iqr": lambda: 0.7413011092528009
        * (np.quantile(y, 0.75) - np.quantile(y, 0.25)),
        "q90": lambda: 0.6079568319117692 * np.quantile(a, 0.9),
        "q95": lambda: 0.5102134569246539 * np.quantile(a, 0.95),
        "peak": lambda: a.max(),
        "hann": lambda: np.sqrt(
            np.average(
                (y**2).mean(axis=1), weights=signal.windows.hann(len(y), sym=False)
            )
        ),
    }[kind]()


def row(v):
    return " ".join("%.9g" % x for x in np.asarray(v, np.float32).ravel())


with open("filter.txt", "w") as out:
    for low, high, order, rate, ends, pad, center, scale, n, c in CASES:
        x = np.cumsum(rng.normal(size=(n, c)), axis=0).astype(np.float32)
        y = x.astype(np.float64)
        if low or high:
            sos = design(low, high, order, rate)
            y = signal.sosfiltfilt(
                sos, y, axis=0, padtype=ends, padlen=pad or 3 * (2 * order + 1)
            )
        if center:
            y = y - y.mean(axis=0)
        y = y / spread(y, scale)
        print(low, high, order, rate, ends, pad, center, scale, file=out)
        print(n, c, file=out)
        print(row(x), file=out)
        print(row(y), file=out)
