-- Sends the requests of a file in turn, and ends with a summary in one line of JSON.
-- A line of the file is a method, a path and a body, with tabs between them.

local requests = {}
local turn = 0

function init(_)
   local headers = { ["Content-Type"] = "application/json" }
   if os.getenv("BENCH_TOKEN") then
      headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
   end
   for line in io.lines(os.getenv("BENCH_REQUESTS")) do
      local method, path, body = line:match("^(%S+)\t(%S+)\t(.*)$")
      if body == "" then body = nil end
      requests[#requests + 1] = wrk.format(method, path, headers, body)
   end
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary, latency, _)
   local failed = summary.errors
   io.write(string.format(
      '\nSUMMARY {"requests": %d, "seconds": %.6f, "p50": %.3f, "p90": %.3f, ' ..
      '"p99": %.3f, "max": %.3f, "errors": %d, "refused": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3,
      failed.connect + failed.read + failed.write + failed.timeout, failed.status))
end
