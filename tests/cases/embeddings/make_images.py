"""Makes the cases of images, image-*.case, from the files of ../pictures.

    /usr/bin/python3 tests/cases/embeddings/make_images.py
"""
import base64
import json
import pathlib

HERE = pathlib.Path(__file__).parent
PICTURES = HERE.parent / "pictures"


def picture(name):
    for folder in ("ok", "bad"):
        path = PICTURES / folder / name
        if path.exists():
            return path.read_bytes()
    raise FileNotFoundError(name)


def b64(data):
    return base64.b64encode(data).decode()


def uri(name, kind=None):
    kind = kind or ("image/png" if name.endswith("png") else "image/jpeg")
    return f"data:{kind};base64,{b64(picture(name))}"


def case(name, head, body):
    if isinstance(body, bytes):
        head = {**head, "Body": "base64"}
        text = b64(body)
    else:
        head = {"Content-Type": "application/json", **head}
        text = json.dumps(body)
    lines = "".join(f"{k}: {v}\n" for k, v in head.items())
    folder = "bad" if "Expect" in head else "ok"
    (HERE / folder / f"image-{name}.case").write_text(lines + "\n" + text +
                                                     "\n")


def ok(name, size, kind, body, inputs=1, **head):
    head = {k.replace("_", "-"): v for k, v in head.items()}
    case(name, {**head, "Inputs": inputs, "Picture": f"{size} {kind}"}, body)


def bad(name, expect, body, message=None, **head):
    head = {k.replace("_", "-"): v for k, v in head.items()}
    if message:
        head["Message"] = message
    case(name, {**head, "Expect": expect}, body)


def ask(*inputs, **more):
    return {"model": "toy", "input": list(inputs), **more}


def form(*files):
    out = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ntoy'
    for name, data in files:
        out += (f'\r\n--x\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\n\r\n').encode() + data
    return out + b"\r\n--x--\r\n"


SIGNAL = {"type": "signal", "sampling_rate_hz": 250,
          "channels": [{"name": "II", "unit": "mV"}], "data": [1, 2]}
MULTIPART = "multipart/form-data; boundary=x"
PNG, JPEG = "21 13 image/png", "21 13 image/jpeg"

# ---- good ones

ok("uri-png", "21 13", "image/png", ask(uri("rgb.png"), modality="image"))
ok("uri-jpeg", "21 13", "image/jpeg", ask(uri("rgb0.jpg")))
ok("uri-jpg", "21 13", "image/jpeg", ask(uri("rgb0.jpg", "image/jpg")))
ok("one-uri", "21 13", "image/png",
   {"model": "toy", "input": uri("rgb.png")})
ok("native-data", "21 13", "image/png",
   ask({"type": "image", "id": "a", "media_type": "image/png",
        "data": b64(picture("rgb.png"))}), Id="a")
ok("native-uri", "21 13", "image/jpeg",
   ask({"type": "image", "image_url": uri("rgb0.jpg")}))
ok("content-input-image", "21 13", "image/png",
   ask({"id": "b", "content": [{"type": "input_image", "detail": "auto",
                                "image_url": uri("rgb.png")}]}), Id="b")
ok("content-image-url", "21 13", "image/jpeg",
   ask({"content": [{"type": "image_url",
                     "image_url": {"url": uri("rgb0.jpg"),
                                   "detail": "auto"}}]}))
ok("beside-a-signal", "21 13", "image/png", ask(uri("rgb.png"), SIGNAL), 2)
ok("raw-png", "21 13", "image/png", picture("rgb.png"),
   Content_Type="image/png", Query="model=toy&modality=image")
ok("raw-jpeg", "21 13", "image/jpeg", picture("rgb0.jpg"),
   Content_Type="image/jpeg", Query="model=toy")
ok("multipart", "21 13", "image/png",
   form(("one.png", picture("rgb.png")), ("two.JPEG", picture("rgb0.jpg"))), 2,
   Content_Type=MULTIPART, Id="one")
ok("multipart-by-its-bytes", "21 13", "image/jpeg",
   form(("one.png", picture("rgb0.jpg"))), Content_Type=MULTIPART)

# ---- bad ones

bad("uri-lies", "400 media_type_mismatch input[0]",
    ask(uri("rgb0.jpg", "image/png")),
    "said to be image/png, but the bytes are image/jpeg")
bad("media-type-lies", "400 media_type_mismatch input[0].data",
    ask({"type": "image", "media_type": "image/jpeg",
         "data": b64(picture("rgb.png"))}))
bad("body-lies", "400 media_type_mismatch", picture("rgb.png"),
    Content_Type="image/jpeg", Query="model=toy")
bad("gif", "400 unsupported_media_type input[0]",
    ask("data:image/gif;base64,R0lGODlh"), "a data URI of image/gif")
bad("gif-inside", "400 unsupported_format input[0]",
    ask("data:image/png;base64," + b64(b"GIF89a" + bytes(20))), "but a GIF")
bad("webp-inside", "400 unsupported_format input[0].data",
    ask({"type": "image",
         "data": b64(b"RIFF\x1a\0\0\0WEBPVP8X" + bytes(16))}), "but a WebP")
bad("text-inside", "400 unsupported_format input[0]",
    ask("data:image/jpeg;base64," + b64(b"not an image")))
bad("nothing-inside", "400 unsupported_format input[0]",
    ask("data:image/jpeg;base64,"))
bad("animated", "400 malformed_data input[0]", ask(uri("animated.png")),
    "an animated PNG")
bad("cmyk", "400 malformed_data input[0]", ask(uri("cmyk.jpg")), "a JPEG in")
bad("cut-off", "400 malformed_data input[0]", ask(uri("truncated.png")),
    "not a readable PNG")
bad("only-magic", "400 malformed_data input[0]", ask(uri("only_magic.jpg")))
bad("huge-png", "413 request_too_large input[0]", ask(uri("huge.png")),
    "max-pixels")
bad("huge-jpeg", "413 request_too_large input[0]", ask(uri("huge.jpg")),
    "65500 x 65500 pixels")
bad("long", "413 request_too_large input[0]", ask(uri("long.png")),
    "at most 65535 a side")
bad("address", "400 invalid_data_uri input[0]",
    ask("https://example.com/cat.png"), "nothing is fetched")
bad("address-in-content", "400 invalid_data_uri "
    "input[0].content[0].image_url",
    ask({"content": [{"type": "image_url",
                      "image_url": {"url": "http://example.com/a.png"}}]}))
bad("base64", "400 invalid_base64 input[0]", ask("data:image/png;base64,AA="))
bad("detail", "400 invalid_request input[0].detail",
    ask({"type": "input_image", "image_url": uri("rgb.png"),
         "detail": "low"}))
bad("detail-inside", "400 invalid_request input[0].image_url.detail",
    ask({"type": "image_url",
         "image_url": {"url": uri("rgb.png"), "detail": "high"}}))
bad("without-any", "400 invalid_request input[0].image_url",
    ask({"type": "image"}))
bad("twice", "400 invalid_request input[0].image_url",
    ask({"type": "image", "image_url": uri("rgb.png"),
         "data": b64(picture("rgb.png"))}))
bad("data-of-numbers", "400 invalid_type input[0].data",
    ask({"type": "image", "data": [1, 2, 3]}))
bad("url-of-numbers", "400 invalid_type input[0].image_url",
    ask({"type": "image", "image_url": [1, 2, 3]}))
bad("media-type-unknown", "400 unsupported_media_type input[0].media_type",
    ask({"type": "image", "media_type": "image/webp", "data": "AAAA"}))
bad("media-type-twice", "400 invalid_request input[0].media_type",
    ask({"type": "image", "media_type": "image/png",
         "image_url": uri("rgb.png")}))
bad("unknown-member", "400 unknown_field input[0].size",
    ask({"type": "image", "image_url": uri("rgb.png"), "size": 32}))
bad("two-in-content", "400 invalid_request input[0].content",
    ask({"content": [{"type": "input_image", "image_url": uri("rgb.png")},
                     {"type": "input_image", "image_url": uri("rgb.png")}]}))
bad("a-signal-was-said", "422 modality_mismatch input[0].image_url",
    ask({"type": "image",
         "image_url": "data:text/csv;rate=250;unit=mV;channels=II,1%0A2"}))
bad("where-a-signal-was-said", "422 modality_mismatch input[0].input_signal",
    ask({"type": "input_signal", "input_signal": uri("rgb.png")}))
bad("modality-signal", "422 modality_mismatch input[0]",
    ask(uri("rgb.png"), modality="signal"), "modality says a signal")
bad("modality-image", "422 modality_mismatch input[0]",
    ask(SIGNAL, modality="image"), "modality says an image")
bad("mixed", "422 modality_mismatch input[1]",
    ask(uri("rgb.png"), SIGNAL, modality="image"))
bad("multipart-not-one", "400 unsupported_format file[1]",
    form(("one.png", picture("rgb.png")), ("two.jpg", b"GIF89a")),
    "two.jpg: neither a JPEG nor a PNG, but a GIF", Content_Type=MULTIPART)
bad("multipart-gif", "400 unsupported_format file",
    form(("one.gif", b"GIF89a")), Content_Type=MULTIPART)
