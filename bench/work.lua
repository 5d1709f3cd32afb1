-- The work that wrk does: wrk -s work.lua URL -- WORK [SIZE]
--   kept      ask again on the same connection
--   new       a connection for each request
--   piped     sixteen requests at once
--   post      send SIZE bytes
-- and what it prints in the end: a line of JSON.
local text

function init(args)
  local work, size = args[1], tonumber(args[2] or 0)
  wrk.headers["Host"] = "x"
  if work == "new" then wrk.headers["Connection"] = "close" end
  if work == "post" then
    wrk.method = "POST"
    wrk.body = string.rep("x", size)
  end
  text = wrk.format()
  if work == "piped" then text = string.rep(text, 16) end
end

function request()
  return text
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "failures": %d, "p50": %f, "p99": %f, "p99.9": %f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
