-- serve.lua - wrk's bodies: each one different (cold), or all the same.
--
-- The environment gives BENCH_HEAD and BENCH_TAIL, files with what comes before
-- and after the part that changes, BENCH_KIND (json, base64, raw), BENCH_COLD
-- (1 or 0), BENCH_SALT (so that no run repeats another's bodies), BENCH_PATH.

local function slurp(name)
    local f = assert(io.open(os.getenv(name), "rb"))
    local text = f:read("*a")
    f:close()
    return text
end

local head, tail = slurp("BENCH_HEAD"), slurp("BENCH_TAIL")
local kind = os.getenv("BENCH_KIND")
local cold = os.getenv("BENCH_COLD") == "1"
local count = 0
local salt = tonumber(os.getenv("BENCH_SALT"))
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local headers = {
    ["Content-Type"] = kind == "raw" and "application/octet-stream" or "application/json",
}

-- The first two samples change: salt and count, below 2^23 each.  In base64 and
-- raw bodies they are the low bytes of a float's fraction, so any is a number.
local function bytes3(n)
    return string.char(n % 256, math.floor(n / 256) % 256, math.floor(n / 65536) % 128)
end

local function letters4(s)
    local a, b, c = s:byte(1, 3)
    local v = a * 65536 + b * 256 + c
    local out = {}
    for shift = 3, 0, -1 do
        local i = math.floor(v / 64 ^ shift) % 64
        out[#out + 1] = alphabet:sub(i + 1, i + 1)
    end
    return table.concat(out)
end

local function part(n)
    if kind == "json" then
        return string.format("%d.5,%d.5", salt, n)
    elseif kind == "raw" then
        return bytes3(salt) .. "\63" .. bytes3(n) .. "\63"
    end
    -- Twelve bytes are sixteen letters: three floats 1 + x / 2^23 and the like.
    local raw = bytes3(salt) .. "\63" .. bytes3(n) .. "\63" .. "\0\0\0\63"
    local out = {}
    for i = 1, 12, 3 do
        out[#out + 1] = letters4(raw:sub(i, i + 2))
    end
    return table.concat(out)
end

function request()
    if cold then
        count = count + 1
    end
    return wrk.format("POST", os.getenv("BENCH_PATH"), headers, head .. part(count) .. tail)
end

function done(summary, latency, _)
    io.write(string.format(
        "RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
