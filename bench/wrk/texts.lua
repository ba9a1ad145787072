-- Puts of real sentences for wrk, prepared before the clock starts. Arguments (wrk ... -- file keys): a file with one text a
-- line, number of keys. Keys and texts are chosen at random, so that most puts overwrite.

local threads = 0
function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

local requests = {}
local prepared = 20000

function init(arguments)
  local texts = {}
  for line in io.lines(arguments[1]) do
    texts[#texts + 1] = line
  end
  local keys = tonumber(arguments[2])
  math.randomseed(1000 + seed)
  local headers = {["Content-Type"] = "text/plain"}
  for number = 1, prepared do
    local path = "/v1/kv/text-" .. math.random(1, keys)
    requests[number] = wrk.format("PUT", path, headers, texts[math.random(1, #texts)])
  end
end

local next = 0
function request()
  next = next % prepared + 1
  return requests[next]
end
