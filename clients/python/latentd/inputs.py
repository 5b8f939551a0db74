"""What is sent: signals and images, arrays as little-endian float32."""
import base64
import os
import pathlib
from dataclasses import dataclass
from typing import Optional, Sequence, Union

import numpy


@dataclass
class Signal:
    """Samples with what the daemon must know of them.

    data: (samples,) or (channels, samples), NaN where a sample is missing.
    unit: one for all channels, or one for each.
    """
    data: numpy.ndarray
    rate: float
    channels: Sequence[str]
    unit: Union[str, Sequence[str]]
    id: Optional[str] = None

    def wire(self):
        data = numpy.atleast_2d(numpy.asarray(self.data, dtype="<f4"))
        units = self.unit
        if isinstance(units, str):
            units = [units] * len(self.channels)
        if len(self.channels) != len(data) or len(units) != len(data):
            raise ValueError(f"data has {len(data)} rows, but there are "
                             f"{len(self.channels)} channels and {len(units)} "
                             "units")
        rows = [base64.b64encode(row.tobytes()).decode() for row in data]
        out = {"type": "signal", "sampling_rate_hz": self.rate,
               "channels": [{"name": name, "unit": unit} for name, unit in
                            zip(self.channels, units)],
               "encoding": "f32le+base64",
               "data": rows if len(rows) > 1 else rows[0]}
        if self.id is not None:
            out["id"] = self.id
        return out


@dataclass
class Image:
    """An encoded image: a path, or the bytes of a PNG or JPEG file."""
    source: Union[str, os.PathLike, bytes]
    id: Optional[str] = None

    def wire(self):
        data = self.source if isinstance(self.source, bytes) else \
            pathlib.Path(self.source).read_bytes()
        kind = "image/png" if data[:8] == b"\x89PNG\r\n\x1a\n" else "image/jpeg"
        uri = f"data:{kind};base64," + base64.b64encode(data).decode()
        if self.id is None:
            return uri
        return {"type": "image", "id": self.id, "image_url": uri}


def wire(given):
    """Of a Signal, an Image, or what the API takes itself."""
    return given.wire() if hasattr(given, "wire") else given
