# Seeds of the corpora, from the cases of tests/cases/formats and by hand.
import glob
import gzip
import io
import os
import tarfile
import zipfile

CASES = "../cases/formats"


def put(name, i, data):
    os.makedirs("corpus/" + name, exist_ok=True)
    with open("corpus/%s/seed-%03d" % (name, i), "wb") as f:
        f.write(data)


paths = sorted(glob.glob(CASES + "/*/*.hea"))
for i, path in enumerate(paths):
    stem = os.path.splitext(os.path.basename(path))[0]
    head = open(path, "rb").read()
    for k, name in enumerate(["%s.dat" % stem, "two_a.dat", "two_b.dat"]):
        head = head.replace(name.encode(), b"ab"[k > 1 :][:1])
    data = b""
    if os.path.exists(path[:-4] + ".dat"):
        data = open(path[:-4] + ".dat", "rb").read()
    put("wfdb", i, head + b"\0" + data)
for kind in ["csv", "npy"]:
    for i, path in enumerate(sorted(glob.glob(CASES + "/*/*." + kind))):
        put(kind, i, bytes([7 if kind == "csv" else 0]) + open(path, "rb").read())
for i, path in enumerate(sorted(glob.glob(CASES + "/*/*.edf"))):
    put("edf", i, open(path, "rb").read())
for i, text in enumerate(
    "0 -0 1 0.1 1e999 -1e-999 16777217 7e-46 3.4028236e38 1.17549435e-38 "
    "123456789012345678901234567890 0.014999999664723873 1.5e 01 - +1 "
    "1.00000005960464477539062500000000000000000001 9e99999999999999999999".split()
):
    put("number", i, text.encode())

EVENTS = [
    "12 04 e8 03 4d 70 03 fc 28 4e 00 00 01 f4 00 ec 01 00 70 11 00 14 00 00",
    "12 04 00 00",
    "00 ec ff ff 00 80 01 04 00 00",
    "05 fc 28 41 46 49 42 00 00 00",
]
for i, text in enumerate(EVENTS):
    put("atr", i, bytes.fromhex(text))

paths = sorted(glob.glob("../cases/pictures/*/*.jpg") + glob.glob("../cases/pictures/*/*.png"))
for i, path in enumerate(paths):
    put("picture", i, open(path, "rb").read())
WISDM = """33,Jogging,49105962326000,-0.6946377,12.680544,0.50395286;
33,Jogging,49106062271000,5.012288,11.264028,0.95342433;33,Jogging,49106112167000,4.9,10.8,-0.08;
33,Walking,0,1,2,3;
33,Walking,49106222305000,-0.6,18.4,;
33,Walking,49106332290000,-1.1,12.1,8.3,;;
,,33,Running,1,2,3,4;
17,Sitting,49106442306000,-1.3e1,+12,-.5
"""
put("wisdm", 0, WISDM.encode())
put("wisdm", 1, WISDM.replace("\n", "\r\n").encode())

NPY = b"\x93NUMPY\1\0\x46\0{'descr': '<i2', 'fortran_order': False, 'shape': (4, 6), }".ljust(79) + b"\n"
TABLES = [
    "exp,user,start,n\n1,1,0,3\n2,7,3,1\n",
    "exp,user,activity_id,activity,start,n\n1,1,5,STANDING,1,2\n2,7,1,WALKING,3,1\n",
]
put("hapt", 0, b"\0" + TABLES[0].encode() + b"\0" + TABLES[1].encode() + b"\0" + NPY + bytes(range(48)))
put("hapt", 1, b"\1" + b"1 1 5 250 1232\n1 1 7 1233 1392\r\n\n2 12 12 1 1\n")
put("hapt", 2, b"\2" + b"9.1805e-01 -1.125e-01 5.097e-01\n1 2 3\n\0-0.05 -0.06 -0.03\n4 5 6\n")

LINES = [
    '{"file":"a.zip","entry":"s1.edf","subject":"p12","label":null,"segment":[0,5000]}',
    '{"file":"a.npy","subject":"p12","label":"sinus","sampling_rate_hz":250.5,'
    '"channels":["I",{"name":"II","unit":"mV"}]}',
    '{"file":"../a.npy","subject":"p","label":7}',
    '{"file":"a","file":"b","subject":"p"}', '[1]', '{"subject":1e999}', '{"x":',
]
put("manifest", 0, "\n".join(LINES).encode())
for i, text in enumerate(LINES):
    put("manifest", 1 + i, text.encode())


def packed(kind, entries):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in entries:
                z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if data == b"link":
                info.type, info.linkname, info.size = tarfile.SYMTYPE, "x", 0
            t.addfile(info, io.BytesIO(data))
    return out.getvalue() if kind == "tar" else gzip.compress(out.getvalue(), mtime=0)


RECORD = [("r/two.hea", open(CASES + "/ok/two.hea", "rb").read()) if os.path.exists(CASES + "/ok/two.hea")
          else ("r/x.hea", b"x 1 100 2\nx.dat 16 200 16 0 1 0 0 II\n"), ("r/x.dat", b"\1\0\2\0")]
ENTRIES = [RECORD, [("a.csv", b"II (mV)\n1\n2\n3\n"), ("b/", b"")],
           [("../up.csv", b"II\n1\n")], [("l.csv", b"link")], [("a.csv", b"0\n" * 4000)], [], [(".//a.csv", b"II\n1\n2\n")]]
for i, entries in enumerate(ENTRIES):
    for k, kind in enumerate(["zip", "tar", "tgz"]):
        put("archive", 3 * i + k, packed(kind, entries))

FORM = (b'--ab\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--ab\r\n'
        b'Content-Disposition: form-data; name=file; filename="x/a.csv"\r\n\r\n1\r\n--a\r\n--ab--')
for i, data in enumerate([FORM, FORM[:-2], FORM[40:], FORM.replace(b"fine-tune", b""), b"--ab--",
                          b"--ab\r\nX: " + b"y" * 1100]):
    put("intake", i, bytes([i]) + data)
