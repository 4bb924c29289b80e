-- What wrk asks for: the addresses of a file one after the other, with the token; at the end what came, as JSON.
local addresses, token, position = {}, os.getenv("TOKEN"), 0
for line in io.lines(os.getenv("ADDRESSES")) do addresses[#addresses + 1] = line end

request = function()
  position = position % #addresses + 1
  return wrk.format("GET", addresses[position], {["X-Cellucid-Token"] = token})
end

done = function(summary)
  local errors = summary.errors
  io.write(string.format('{"requests": %d, "bytes": %d, "microseconds": %d, "failed": %d}\n', summary.requests,
    summary.bytes, summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
