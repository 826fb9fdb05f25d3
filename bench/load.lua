-- wrk's load and its result as one line of JSON. Arguments: the method, the size of the body.
function init(args)
  wrk.method = args[1]
  local size = tonumber(args[2])
  if size > 0 then
    wrk.body = string.rep("x", size)
    wrk.headers["Content-Type"] = "text/xml"
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"errors":%d,"seconds":%.6f,"p50":%d,"p99":%d}\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status, summary.duration / 1e6, latency:percentile(50),
    latency:percentile(99)))
end
