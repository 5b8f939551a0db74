# Makes the cases of this folder with numpy alone, so that the decoders are
# held against somebody else's encoders.
#
# ok/NAME.want   the file and its hints; rate; channels; a line of samples each
# bad/NAME.error the file and its hints; the message, or a part of it
import os
import numpy as np

rng = np.random.default_rng(3)


def put(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def want(name, file, rate, channels, x, hints=""):
    lines = ["%s %s" % (file, hints), "%g" % rate, ",".join(channels)]
    for v in np.asarray(x, np.float32):
        lines.append(" ".join("nan" if np.isnan(t) else "%.9g" % t for t in v))
    put("ok/%s.want" % name, "\n".join(lines) + "\n")


def error(name, file, message, hints=""):
    put("bad/%s.error" % name, "%s %s\n%s\n" % (file, hints, message))


# ---- WFDB -------------------------------------------------------------------


def pack(fmt, v):
    v = np.asarray(v, np.int64)
    if fmt == 16:
        return v.astype("<i2").tobytes()
    if fmt == 61:
        return v.astype(">i2").tobytes()
    if fmt == 32:
        return v.astype("<i4").tobytes()
    if fmt == 24:
        return v.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    if fmt == 80:
        return (v + 128).astype(np.uint8).tobytes()
    if fmt == 160:
        return (v + 32768).astype("<u2").tobytes()
    out = bytearray()
    if fmt == 212:
        for i in range(0, len(v), 2):
            a = int(v[i]) & 0xFFF
            b = int(v[i + 1]) & 0xFFF if i + 1 < len(v) else 0
            out += bytes([a & 255, a >> 8 | (b >> 8) << 4, b & 255])
        return bytes(out[:-1]) if len(v) % 2 else bytes(out)
    pad = list(v) + [0] * (-len(v) % 3)
    for i in range(0, len(pad), 3):
        a, b, c = (int(t) & 0x3FF for t in pad[i : i + 3])
        if fmt == 310:
            one = a << 1 | (c & 31) << 11
            two = b << 1 | (c >> 5) << 11
            out += one.to_bytes(2, "little") + two.to_bytes(2, "little")
        else:
            out += (a | b << 10 | c << 20).to_bytes(4, "little")
    return bytes(out)


INVALID = {16: -(1 << 15), 24: -(1 << 23), 32: -(1 << 31), 61: -(1 << 15)}
INVALID.update({80: -128, 160: -(1 << 15), 212: -2048, 310: -512, 311: -512})


def checksum(v):
    s = int(np.sum(v)) & 0xFFFF
    return s - 65536 if s >= 32768 else s


def record(folder, name, fmt, raw, lines, head=None, prolog=b"", eol="\n"):
    """raw (frames, channels) in one file; lines: gain and description"""
    put("%s/%s.dat" % (folder, name), prolog + pack(fmt, raw.ravel()))
    text = [head or "%s %d 360 %d" % (name, raw.shape[1], raw.shape[0])]
    for k, (gain, zero, label) in enumerate(lines):
        text.append(
            "%s.dat %d%s %s 12 %d %d %d 0 %s"
            % (name, fmt, "+%d" % len(prolog) if prolog else "", gain, zero,
               raw[0, k], checksum(raw[:, k]), label)
        )
    put("%s/%s.hea" % (folder, name), eol.join(text) + eol)


def physical(raw, fmt, gain, base):
    x = (raw.T.astype(np.float64) - np.array(base)[:, None]) / np.array(gain)[:, None]
    x[raw.T == INVALID[fmt]] = np.nan
    return x


for fmt in INVALID:
    top = min(-INVALID[fmt], 1 << 24)
    raw = rng.integers(-top + 1, top, (11, 2))
    raw[3, 1] = INVALID[fmt]
    raw[5, 0], raw[6, 0] = top - 1, -top + 1
    record("ok", "fmt%d" % fmt, fmt, raw,
           [("200(10)/mV", 5, "MLII"), ("400/uV", -3, "V 5 modified")])
    want("fmt%d" % fmt, "fmt%d.hea" % fmt, 360, ["MLII:mV", "V 5 modified:uV"],
         physical(raw, fmt, [200, 400], [10, -3]))

raw = rng.integers(-900, 900, (7, 1))
record("ok", "crlf", 212, raw, [("200", 1024, "MLII")], eol="\r\n",
       head="# before\r\n\r\ncrlf 1 360/180(2) 7 12:00:00 1/2/2003")
put("ok/crlf.hea", open("ok/crlf.hea", "rb").read() + b"# 69 M 1085\r\n")
want("crlf", "crlf", 360, ["MLII:mV"], physical(raw, 212, [200], [1024]))

record("ok", "prolog", 16, raw, [("1000/mV", 0, "I")], prolog=b"\x00" * 24)
want("prolog", "prolog.dat", 360, ["I:mV"], physical(raw, 16, [1000], [0]))

record("ok", "frames_unsaid", 16, raw, [("1000/mV", 0, "I")], head="r 1 100.5")
want("frames_unsaid", "frames_unsaid.hea", 100.5, ["I:mV"],
     physical(raw, 16, [1000], [0]))

# two files, samples per frame, a skew of one frame in the second
a, b = rng.integers(-99, 99, (6, 1)), rng.integers(-99, 99, (6, 1))
put("ok/two_a.dat", pack(16, a.ravel()))
put("ok/two_b.dat", pack(80, b.ravel()))
put("ok/two.hea", "two 2 50 3\ntwo_a.dat 16x2 10/g 0 0 0\n".replace(" 0 0 0", "")
    + "two_b.dat 80x2:1 10/g\n")
xa, xb = a.T / 10.0, np.append(b[2:].T / 10.0, [[np.nan, np.nan]], axis=1)
want("two", "two.hea", 100, [":g", ":g"], np.concatenate([xa, xb]))

good = rng.integers(-900, 900, (8, 2))
LINES = [("200/mV", 0, "I"), ("200/mV", 0, "II")]


def broken(name, message, edit=None, cut=None, fmt=212):
    record("bad", name, fmt, good, LINES)
    if edit:
        text = open("bad/%s.hea" % name).read()
        new = edit(text)
        assert new != text or name == "same"
        put("bad/%s.hea" % name, new)
    if cut is not None:
        data = open("bad/%s.dat" % name, "rb").read()
        put("bad/%s.dat" % name, data[:cut] if cut < len(data) else data + b"\0" * 9)
    error(name, "%s.hea" % name, message)


broken("truncated", "truncated.dat is truncated: 6 samples of 2 signals, the header says 8", cut=20)
broken("too_long", "header and data disagree: 11 samples of 2 signals, the header says 8", cut=99)
broken("initial", "initial.dat: header and data disagree: I begins with %d, the header says 7" % good[0, 0],
       lambda s: s.replace(" 12 0 %d " % good[0, 0], " 12 0 7 "))
broken("checksum", "header and data disagree: the checksum of II is",
       lambda s: s.replace(" %d 0 II" % checksum(good[:, 1]), " 1 0 II"))
broken("format", "header format.hea: line 2: format `508`, must be one of 16, 24, 32,",
       lambda s: s.replace(" 212 ", " 508 "))
broken("formats_differ", "signals of formats_differ.dat differ in format or offset",
       lambda s: s.replace(" 212 ", " 16 ", 1))
broken("no_rate", "the header does not say the sampling rate",
       lambda s: s.replace(" 360 8", ""))
broken("zero_rate", "line 1: sampling rate `0`, must be a positive number",
       lambda s: s.replace(" 360 8", " 0 8"))
broken("nan_rate", "line 1: sampling rate `nan`, must be a positive number",
       lambda s: s.replace(" 360 8", " nan 8"))
broken("no_gain", "signal 1 (II) is not calibrated: the header has no gain",
       lambda s: s.replace(" 200/mV 12 0 %d %d 0 II" % (good[0, 1], checksum(good[:, 1])),
                           " 0 12 0 %d %d 0 II" % (good[0, 1], checksum(good[:, 1]))))
broken("gain", "line 2: gain `200(/mV`, must be as in 200(1024)/mV",
       lambda s: s.replace("200/mV", "200(/mV", 1))
broken("segments", "record `segments/3` has several segments: give the header of one segment",
       lambda s: s.replace("segments 2", "segments/3 2"))
broken("many_signals", "line 1: 65 signals, must be 1 to 64",
       lambda s: s.replace("many_signals 2", "many_signals 65"))
broken("few_lines", "header few_lines.hea: ends before the last signal's line",
       lambda s: s.replace("few_lines 2", "few_lines 3"))
broken("dash", "line 2: signal file `-`, must be the name of a file beside the header",
       lambda s: s.replace("dash.dat", "-"))
broken("elsewhere", "line 2: signal file `../elsewhere.dat`, must be the name of a file",
       lambda s: s.replace("elsewhere.dat", "../elsewhere.dat"))
broken("absent", "absent.daz: cannot open: No such file",
       lambda s: s.replace("absent.dat", "absent.daz"))
broken("rates", "signals of different rates: 1 and 2 samples a frame",
       lambda s: s.replace(" 212 ", " 212x2 ").replace(" 212x2 ", " 212 ", 1))
broken("not_a_number", "line 3: checksum `x`, must be a whole number",
       lambda s: s.replace(" %d 0 II" % checksum(good[:, 1]), " x 0 II"))
broken("huge", "huge.dat is truncated: 8 samples of 2 signals, the header says 999999999999999",
       lambda s: s.replace(" 360 8", " 360 999999999999999"))
broken("no_samples", "no_samples.dat has no samples",
       lambda s: s.replace(" 360 8", " 360"), cut=0)
put("bad/empty.hea", "")
error("empty", "empty.hea", "header empty.hea: empty")

# ---- CSV --------------------------------------------------------------------


def csv(name, text, rate, channels, x, hints=""):
    put("ok/%s.csv" % name, text)
    want(name, name + ".csv", rate, channels, x, hints)


def bad_csv(name, text, message, hints=""):
    put("bad/%s.csv" % name, text)
    error(name, name + ".csv", message, hints)


N = np.nan
csv("plain", "I,II\n0.5,1\n-1e-3,+2\n.25,3.\n", 360, ["I:mV", "II:mV"],
    [[0.5, -0.001, 0.25], [1, 2, 3]], "rate=360 unit=mV")
csv("semicolon", "I;II\r\n1;2\r\n3;4\r\n\r\n", 100, ["I:uV", "II:uV"],
    [[1, 3], [2, 4]], "rate=100 unit=uV")
csv("units", "\ufeffI (mV),\"II, left [uV]\",ax_g,gyro_x\n1,2,3,4\n", 50,
    ["I:mV", "II, left:uV", "ax:g", "gyro_x:"], [[1], [2], [3], [4]], "rate=50")
csv("missing", "I,II\n,1\nNaN,2\n3,-\n", 50, ["I:mV", "II:mV"],
    [[N, N, 3], [1, 2, N]], "rate=50 unit=mV")
csv("no_names", "1,2\n3,4\n", 50, ["I:mV", "II:mV"], [[1, 3], [2, 4]],
    "rate=50 unit=mV channels=I,II")
csv("time", "t_s,II_mV\n0,5\n0.002778,6\n0.005556,7\n0.008333,8\n0.011111,9\n",
    360, ["II:mV"], [[5, 6, 7, 8, 9]])
csv("physionet", "'sample #','MLII','V5'\n'sample #','mV','mV'\n0,-0.145,-0.065\n1,-0.145,-0.065\n",
    360, ["MLII:mV", "V5:mV"], [[-0.145] * 2, [-0.065] * 2], "rate=360")
csv("tabs", "I\tII\n1\t\n\t2\n\t\n", 50, ["I:mV", "II:mV"],
    [[1, N, N], [N, 2, N]], "rate=50 unit=mV")
csv("comments", "# made by hand\nI\n\"1\"\n2", 50, ["I:"], [[1, 2]], "rate=50")
csv("ms", "time_ms;x\n0;1\n20;2\n40;3\n", 50, ["x:g"], [[1, 2, 3]], "rate=50 unit=g")
csv("phone", "t_s,ax_g,gx_rad_s,gy_deg_s,az_m_s2,label\n0,1,2,3,4,WALKING\n0.02,5,6,7,8,UNLABELLED\n",
    50, ["ax:g", "gx:rad/s", "gy:deg/s", "az:m/s2"], [[1, 5], [2, 6], [3, 7], [4, 8]])
csv("unsaid", "I\n1\n", 0, ["I:"], [[1]])

bad_csv("csv_text", "I\n1\nabc\n", "csv_text.csv: line 3: `abc` is not a number")
bad_csv("csv_comma", "I;II\n1;2\n0,5;3\n", "line 3: `0,5` has a decimal comma, write a point")
bad_csv("csv_few", "I,II\n1,2\n3\n", "line 3: fewer fields than the 2 of the first line")
bad_csv("csv_more", "I,II\n1,2,3\n", "line 2: more fields than the 2 of the first line")
bad_csv("csv_empty", "", "csv_empty.csv: empty")
bad_csv("csv_names_only", "I,II\n", "no samples")
bad_csv("csv_hole", "I\n1\n\n2\n", "line 3 is empty")
bad_csv("csv_no_names", "1,2\n", "the first line has no names of channels")
bad_csv("csv_names_count", "1,2\n", "3 names of channels for 2 columns", "channels=a,b,c")
bad_csv("csv_columns", ",".join("c%d" % i for i in range(99)) + "\n", "more than 65 columns")
bad_csv("csv_time_back", "t_s,I\n0,1\n1,1\n0.5,1\n", "line 4: time goes from 1 s to 0.5 s")
bad_csv("csv_gap", "t_s,I\n" + "".join("%d,1\n" % i for i in [0, 1, 2, 3, 4, 5, 6, 17]),
        "a gap of 11 s between samples 2.42857 s apart")
bad_csv("csv_rate", "t_s,I\n0,1\n0.01,1\n0.02,1\n",
        "the rate is said to be 50 Hz, the times say 100", "rate=50")
bad_csv("csv_only_time", "t,sample\n0,1\n", "0 channels, must be 1 to 64")

# ---- NPY --------------------------------------------------------------------


def npy(name, x, channels, want_x, hints):
    np.save("ok/%s.npy" % name, x)
    want(name, name + ".npy", 50, channels, want_x, "rate=50 unit=g " + hints)


x = rng.normal(size=(5, 3)).astype(np.float32)
XYZ, NAMES = "channels=ax,ay,az", ["ax:g", "ay:g", "az:g"]
for t in ["<f4", "<f8", ">f4", ">f8"]:
    npy("npy_" + t.replace("<", "l").replace(">", "b"), x.astype(t), NAMES, x.T, XYZ)
for t in ["<i2", ">i2", "<i4", ">i4", "u1"]:
    i = rng.integers(0 if t == "u1" else -120, 120, (5, 3)).astype(t)
    npy("npy_" + t.replace("<", "l").replace(">", "b"), i, NAMES, i.T, XYZ)
npy("npy_fortran", np.asfortranarray(x), NAMES, x.T, XYZ)
npy("npy_ct", np.ascontiguousarray(x.T), NAMES, x.T, XYZ + " layout=ct")
npy("npy_one", x[:, 0], ["ax:g"], x[:, :1].T, "channels=ax")
y = x.copy()
y[2, 1] = np.nan
npy("npy_missing", y, NAMES, y.T, XYZ)


def bad_npy(name, data, message, hints=""):
    put("bad/%s.npy" % name, data)
    error(name, name + ".npy", message, hints)


def header(text, version=1):
    text = text.encode() + b"\n"
    n = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + n + text


put("ok/npy_v2.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }", 2) + x.tobytes())
want("npy_v2", "npy_v2.npy", 50, NAMES, x.T, "rate=50 unit=g " + XYZ)

OK = "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }"
bad_npy("npy_magic", b"not numpy at all", "npy_magic.npy: not an NPY file")
bad_npy("npy_version", b"\x93NUMPY" + bytes([9]) + header(OK)[7:], "NPY version 9, must be 1 to 3")
bad_npy("npy_header", header(OK)[:8] + b"\xff\xff" + b"\0" * 50, "a header of 65535 bytes in a file of 60")
bad_npy("npy_short", header(OK) + x.tobytes()[:-1], "truncated: 59 bytes of data, the header says 5 x 3 of 4")
bad_npy("npy_long", header(OK) + x.tobytes() + b"1234", "header and data disagree: 64 bytes of data")
bad_npy("npy_type", header(OK.replace("<f4", "<c8")), "type '<c8',", )
bad_npy("npy_object", header(OK.replace("'<f4'", "'|O'")), "must be f4, f8, i2, i4 or u1")
bad_npy("npy_3d", header(OK.replace("5, 3", "5, 3, 1")), "more than 2 dimensions")
bad_npy("npy_0d", header(OK.replace("5, 3", "")), "a single number, not an array")
bad_npy("npy_zero", header(OK.replace("5, 3", "0, 3")), "dimension 0 is not a positive number")
bad_npy("npy_negative", header(OK.replace("5, 3", "5, -3")), "dimension 1 is not a positive number")
bad_npy("npy_channels", header(OK.replace("5, 3", "5, 300")), "300 channels of 5 samples, at most 64: is the layout the other one?")
bad_npy("npy_huge", header(OK.replace("5, 3", "1099511627776, 64")) + b"1234", "truncated: 4 bytes of data")
bad_npy("npy_no_descr", header(OK.replace("descr", "desc")), "the header has no descr")
bad_npy("npy_no_shape", header(OK.replace("shape", "shap")), "the header has no shape")
bad_npy("npy_no_order", header(OK.replace("fortran_order", "order")), "the header has no fortran_order")
bad_npy("npy_names", header(OK) + x.tobytes(), "2 names of channels for an array of 3", "channels=a,b")
put("bad/what.xyz", "1\n")
error("ending", "what.xyz", "ending .xyz, must be .hea, .csv, .npy or .edf")

# ---- EDF ---------------------------------------------------------------------


def edf_signal(label, unit, x, d=(-32768, 32767), p=(-3.2768, 3.2767)):
    """x (records, samples of a record), digital"""
    return {"label": label, "unit": unit, "x": np.asarray(x), "d": d, "p": p}


def edf_annotations(n):
    text = b"+0\x14\x14\0".ljust(8, b"\0")
    return edf_signal("EDF Annotations", "", np.tile(np.frombuffer(text, "<i2"), (n, 1)))


def edf_bytes(signals, seconds="1", kind="", records=None, n_bytes=None):
    def pad(text, width):
        return str(text).encode().ljust(width)[:width]

    n = len(signals[0]["x"])
    head = pad("0", 8) + pad("X X X X", 80) + pad("Startdate X", 80)
    head += pad("01.01.01", 8) + pad("00.00.00", 8)
    head += pad(n_bytes or 256 * (len(signals) + 1), 8) + pad(kind, 44)
    head += pad(n if records is None else records, 8) + pad(seconds, 8)
    head += pad(len(signals), 4)
    for width, of in [
        (16, lambda s: s["label"]), (80, lambda s: "electrode"),
        (8, lambda s: s["unit"]), (8, lambda s: s["p"][0]), (8, lambda s: s["p"][1]),
        (8, lambda s: s["d"][0]), (8, lambda s: s["d"][1]), (80, lambda s: "none"),
        (8, lambda s: s["x"].shape[1]), (32, lambda s: ""),
    ]:
        head += b"".join(pad(of(s), width) for s in signals)
    body = b"".join(s["x"][i].astype("<i2").tobytes() for i in range(n) for s in signals)
    return head + body


def edf_value(s):
    gain = (s["p"][1] - s["p"][0]) / (s["d"][1] - s["d"][0])
    return gain * s["x"].ravel().astype(float) + (s["p"][0] - s["d"][0] * gain)


def edf(name, signals, rate, channels, **more):
    put("ok/%s.edf" % name, edf_bytes(signals, **more))
    want(name, name + ".edf", rate, channels,
         [edf_value(s) for s in signals if s["label"] != "EDF Annotations"])


rng = np.random.default_rng(5)
x = rng.integers(-32768, 32768, (3, 4))
x[0, 0], x[1, 1] = -32768, 32767
ecg, acc = edf_signal("ECG II", "mV", x), edf_signal("Acc X", "g", x // 16,
                                                     d=(-2048, 2047), p=(2, -2))
edf("edf_one", [ecg], 4, ["ECG II:mV"])
edf("edf_two", [ecg, acc], 8, ["ECG II:mV", "Acc X:g"], seconds="0.5")
edf("edf_plus", [edf_annotations(3), ecg, edf_annotations(3), acc], 4,
    ["ECG II:mV", "Acc X:g"], kind="EDF+C")
edf("edf_unclosed", [ecg], 4, ["ECG II:mV"], records=-1)


def bad_edf(name, message, data):
    put("bad/%s.edf" % name, data)
    error(name, name + ".edf", message)


two = edf_bytes([ecg, acc])
slow = edf_signal("Temp", "degC", x[:, :1])
fast = edf_signal("II", "mV", np.zeros((3, 300)))
bad_edf("edf_empty", "truncated: 0 bytes, a header has at least 256", b"")
bad_edf("edf_text", "not an EDF file", b"1" + two[1:])
bad_edf("edf_bdf", "a BDF file of 24-bit samples, must be EDF", b"\xffBIOSEMI" + two[8:])
bad_edf("edf_gaps", "EDF+D, a recording with interruptions", edf_bytes([ecg], kind="EDF+D"))
bad_edf("edf_head", "truncated: a header of 768 bytes in a file of 700", two[:700])
bad_edf("edf_cut", "truncated: 2 whole data records, the header says 3", two[:-1])
bad_edf("edf_bytes", "a header of 512 bytes for 2 signals, must be 768",
        edf_bytes([ecg, acc], n_bytes=512))
bad_edf("edf_count", "-5 data records", edf_bytes([ecg], records=-5))
bad_edf("edf_none", "no data records", edf_bytes([ecg], records=0))
bad_edf("edf_seconds", "a data record lasts 0 s", edf_bytes([ecg], seconds="0"))
bad_edf("edf_nan", "duration of a data record `nan` is not a number",
        edf_bytes([ecg], seconds="nan"))
bad_edf("edf_notes", "no signals but annotations", edf_bytes([edf_annotations(2)]))
bad_edf("edf_digital", "signal 0 (II): digital values from 5 to 5",
        edf_bytes([edf_signal("II", "mV", x, d=(5, 5))]))
bad_edf("edf_wide", "digital values from -32768 to 99999, must rise within 16 bits",
        edf_bytes([edf_signal("II", "mV", x, d=(-32768, 99999))]))
bad_edf("edf_physical", "physical minimum and maximum are both 1",
        edf_bytes([edf_signal("II", "mV", x, p=(1, 1))]))
bad_edf("edf_comma", "physical minimum `1,5` is not a number",
        edf_bytes([edf_signal("II", "mV", x, p=("1,5", 2))]))
bad_edf("edf_rates", "signal Temp has 1 Hz, another 300 Hz: rates differ by more than 256",
        edf_bytes([fast, slow]))
bad_edf("edf_samples", "signal 1: -4 samples of a data record",
        two[:256 + 2 * 216 + 8] + b"-4      " + two[256 + 2 * 216 + 16:])
bad_edf("edf_many", "more than 64 signals of samples", edf_bytes([ecg] * 65))
