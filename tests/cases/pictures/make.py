# The cases of pictures: files that must decode, with the pixels that Pillow
# makes of them, and files that must not, with a part of the message.
#
#   python3 make.py        (Debian: python3-pil, python3-numpy)
#
# ok/NAME with ok/NAME.rgb: "width height orientation\n", then RGB.
# resize.bin: for each case "from-width from-height filter x y w h W H\n" and
# both images; fit.bin the same with "from-width from-height shorter crop\n",
# views.bin with "view factor width height\n".
import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

rng = np.random.RandomState(7)
os.makedirs("ok", exist_ok=True)
os.makedirs("bad", exist_ok=True)


def picture(w, h):
    y, x = np.mgrid[0:h, 0:w]
    base = np.stack([x * 255 / w, y * 255 / h, 128 + 100 * np.sin(x / 2 + y)], 2)
    return np.clip(base + rng.randn(h, w, 3) * 12, 0, 255).astype(np.uint8)


def put(name, data):
    with open(name, "wb") as f:
        f.write(data)


def ok(name, data, want=None, orientation=1):
    put("ok/" + name, data)
    if want is None:
        image = Image.open(io.BytesIO(data))
        orientation = image.getexif().get(0x112, 1)
        want = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    h, w = want.shape[:2]
    head = "%d %d %d\n" % (w, h, orientation)
    put("ok/" + name + ".rgb", head.encode() + want.tobytes())


def bad(name, data, message):
    put("bad/" + name, data)
    put("bad/" + name + ".error", message.encode() + b"\n")


def jpeg(image, **how):
    f = io.BytesIO()
    image.save(f, "JPEG", **how)
    return f.getvalue()


def pil_png(image, **how):
    f = io.BytesIO()
    image.save(f, "PNG", **how)
    return f.getvalue()


def chunk(name, data):
    crc = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + crc


# rows: a list of bytes, one for each row; ADAM7 has passes of them
def png(w, h, depth, colour, rows, interlace=0, extra=b""):
    raw = b"".join(b"\0" + r for r in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace))
        + extra
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


def adam7(a):
    at = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
    for y, x, dy, dx in at + [(0, 1, 2, 2), (1, 0, 2, 1)]:
        for row in a[y::dy, x::dx]:
            if len(row):
                yield row.tobytes()


a = picture(21, 13)
image = Image.fromarray(a)
gray = image.convert("L")

for s in (0, 1, 2):
    ok("rgb%d.jpg" % s, jpeg(image, quality=80, subsampling=s))
ok("gray.jpg", jpeg(gray, quality=80))
ok("progressive.jpg", jpeg(image, quality=85, progressive=True))
ok("one.jpg", jpeg(image.crop((3, 3, 4, 4)), quality=90))
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x112] = o
    ok("exif%d.jpg" % o, jpeg(image, quality=95, exif=exif.tobytes()))
exif[0x112] = 99
ok("exif_nonsense.jpg", jpeg(image, exif=exif.tobytes()),
   np.array(Image.open(io.BytesIO(jpeg(image))).convert("RGB")))
exif[0x112] = 6
ok("exif6.png", pil_png(image, exif=exif))

ok("rgb.png", pil_png(image))
ok("gray.png", pil_png(gray))
ok("bits1.png", pil_png(gray.convert("1")))
for n in (4, 16, 200):
    p = image.convert("P", palette=Image.ADAPTIVE, colors=n)
    ok("palette%d.png" % n, pil_png(p))
    if n == 16:
        ok("palette_clear.png", pil_png(p, transparency=bytes(range(0, 256, 16))),
           np.array(p.convert("RGB")))
alpha = rng.randint(0, 256, (13, 21, 1)).astype(np.uint8)
ok("rgba.png", pil_png(Image.fromarray(np.concatenate([a, alpha], 2))), a)
g = np.array(gray)
ok("gray_alpha.png", pil_png(Image.fromarray(np.stack([g, alpha[:, :, 0]], 2), "LA")),
   np.stack([g] * 3, 2))
ok("gray_clear.png", png(21, 13, 8, 0, [r.tobytes() for r in g],
                         extra=chunk(b"tRNS", b"\0" + g[4, 4:5].tobytes())),
   np.stack([g] * 3, 2))
for depth in (2, 4):
    q = g >> (8 - depth)
    rows = []
    for r in q:
        bits = "".join(format(v, "0%db" % depth) for v in r)
        bits += "0" * (-len(bits) % 8)
        rows.append(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))
    full = (q.astype(int) * 255 // ((1 << depth) - 1)).astype(np.uint8)
    ok("bits%d.png" % depth, png(21, 13, depth, 0, rows), np.stack([full] * 3, 2))
wide = rng.randint(0, 65536, (13, 21, 3))
near = np.floor(wide / 257 + 0.5).astype(np.uint8)
ok("wide.png", png(21, 13, 16, 2, [r.astype(">u2").tobytes() for r in wide]), near)
ok("wide_gray.png", png(21, 13, 16, 0, [r.astype(">u2").tobytes() for r in wide[:, :, 0]]),
   np.stack([near[:, :, 0]] * 3, 2))
ok("interlaced.png", png(21, 13, 8, 2, adam7(a), 1), a)
ok("one.png", pil_png(image.crop((3, 3, 4, 4))))

whole = jpeg(image, quality=80)
bad("truncated.jpg", whole[: len(whole) * 2 // 3], "not a readable JPEG: ")
bad("no_pixels.jpg", whole[:200], "not a readable JPEG: ")
bad("only_magic.jpg", whole[:4], "not a readable JPEG: ")
bad("cmyk.jpg", jpeg(image.convert("CMYK")), "a JPEG in ")
at = whole.index(b"\xff\xc0") + 5
bad("huge.jpg", whole[:at] + struct.pack(">HH", 65500, 65500) + whole[at + 4 :],
    "65500 x 65500 pixels, at most 50000000")
bad("flat.jpg", whole[:at] + struct.pack(">HH", 0, 21) + whole[at + 4 :],
    "not a readable JPEG: ")
many = jpeg(Image.fromarray(np.zeros((8, 8, 3), np.uint8)), progressive=True)
scan = many.index(b"\xff\xda", many.index(b"\xff\xda") + 2)
end = many.index(b"\xff\xda", scan + 2)
bad("scans.jpg", many[:scan] + many[scan:end] * 600 + many[end:], "not a readable JPEG: ")
whole = pil_png(image)
bad("truncated.png", whole[: len(whole) * 2 // 3], "not a readable PNG: ")
bad("only_magic.png", whole[:8], "not a readable PNG: ")
spoiled = bytearray(whole)
spoiled[70] ^= 255
bad("checksum.png", bytes(spoiled), "not a readable PNG: ")
bad("huge.png", png(30000, 30000, 8, 2, []), "30000 x 30000 pixels, at most 50000000")
bad("long.png", png(70000, 1, 8, 2, []), "70000 x 1 pixels, at most 50000000 in all and 65535")
bad("flat.png", png(0, 5, 8, 2, []), "not a readable PNG: ")
bad("few_rows.png", png(21, 13, 8, 2, [r.tobytes() for r in a[:5]]), "not a readable PNG: ")
bad("depth.png", png(21, 13, 5, 2, []), "not a readable PNG: ")
bad("animated.png", png(21, 13, 8, 2, [r.tobytes() for r in a],
                        extra=chunk(b"acTL", struct.pack(">II", 2, 0))), "an animated PNG")
f = io.BytesIO()
gray.save(f, "GIF")
bad("gif.jpg", f.getvalue(), "neither a JPEG nor a PNG")
bad("empty.png", b"", "neither a JPEG nor a PNG")
bad("text.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a JPEG nor a PNG")

FILTERS = [Image.BILINEAR, Image.BICUBIC]
with open("resize.bin", "wb") as f:
    for w, h, x, y, bw, bh, W, H in [
        (32, 32, 0, 0, 32, 32, 32, 32), (40, 30, 0, 0, 40, 30, 17, 11),
        (40, 30, 0, 0, 40, 30, 61, 47), (40, 30, 3, 5, 20, 9, 32, 32),
        (40, 30, 7, 0, 33, 30, 33, 12), (40, 30, 0, 1, 40, 29, 8, 29),
        (50, 3, 0, 0, 50, 3, 1, 1), (1, 1, 0, 0, 1, 1, 5, 4),
        (90, 70, 11, 13, 71, 57, 32, 32),
    ]:
        b = rng.randint(0, 256, (h, w, 3)).astype(np.uint8)
        for k, filter in enumerate(FILTERS):
            out = Image.fromarray(b).crop((x, y, x + bw, y + bh)).resize((W, H), filter)
            f.write(b"%d %d %d %d %d %d %d %d %d\n" % (w, h, k, x, y, bw, bh, W, H))
            f.write(b.tobytes() + out.tobytes())
with open("fit.bin", "wb") as f:
    for w, h, shorter, crop in [
        (40, 30, 0, 24), (40, 30, 16, 13), (30, 41, 16, 12), (33, 25, 50, 32),
        (20, 9, 0, 16), (9, 9, 0, 9), (9, 5, 7, 9),
    ]:
        b = rng.randint(0, 256, (h, w, 3)).astype(np.uint8)
        image = Image.fromarray(b)
        if shorter:
            least = min(w, h)
            size = [shorter if s == least else int(shorter * s / least) for s in (w, h)]
            image = image.resize(size, Image.BILINEAR)
        W, H = image.size
        left, top = max((crop - W) // 2, 0), max((crop - H) // 2, 0)
        full = Image.new("RGB", (max(W, crop), max(H, crop)))
        full.paste(image, (left, top))
        x = int(round((full.width - crop) / 2.0))
        y = int(round((full.height - crop) / 2.0))
        out = full.crop((x, y, x + crop, y + crop))
        f.write(b"%d %d %d %d\n" % (w, h, shorter, crop) + b.tobytes() + out.tobytes())

with open("views.bin", "wb") as f:
    for w, h in [(23, 17), (32, 32), (5, 3), (1, 1)]:
        b = rng.randint(0, 256, (h, w, 3)).astype(np.uint8)
        b[: h // 2] = b[: h // 2] // 16 * 16
        x = Image.fromarray(b)
        for kind, factors in [
            ("grey", [1]), ("flip", [1]),
            ("brightness", [0.2, 0.9, 1.0, 1.8]), ("contrast", [0.2, 0.9, 1.0, 1.8]),
            ("saturation", [0.0, 0.7, 1.0, 1.8]), ("hue", [-0.2, -0.03, 0.0, 0.2]),
            ("blur", [0.1, 0.5, 0.99, 1.7, 2.0, 6.5]),
        ]:
            for v in factors:
                if kind == "grey":
                    out = x.convert("L").convert("RGB")
                elif kind == "flip":
                    out = ImageOps.mirror(x)
                elif kind == "hue":
                    hsv = np.array(x.convert("HSV"))
                    hsv[:, :, 0] += np.uint8(int(v * 255) & 255)
                    out = Image.fromarray(hsv, "HSV").convert("RGB")
                elif kind == "blur":
                    out = x.filter(ImageFilter.GaussianBlur(radius=v))
                else:
                    how = {"brightness": "Brightness", "contrast": "Contrast"}
                    enhance = getattr(ImageEnhance, how.get(kind, "Color"))
                    out = enhance(x).enhance(v)
                f.write(b"%s %g %d %d\n" % (kind.encode(), v, w, h))
                f.write(b.tobytes() + np.array(out).tobytes())
