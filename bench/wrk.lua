-- Sends the requests of a file in turn and prints a summary as one line of
-- JSON. A line of the file has a method, a path and a body, separated by tabs.

local requests = {}
local index = 0

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
   index = index % #requests + 1
   return requests[index]
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      '\nSUMMARY {"requests": %d, "seconds": %.6f, "p50": %.3f, "p90": %.3f, ' ..
      '"p99": %.3f, "max": %.3f, "errors": %d, "rejected": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3,
      errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
