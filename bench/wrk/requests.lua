-- Requests for wrk over a key space, prepared before the clock starts so that the client costs next to nothing.
-- Arguments (wrk ... -- system operation keys): troupe|etcd, put|get, number of keys.
-- Keys are 16 bytes, values 128 bytes, both as bench/compare loads them.

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for at = 1, #text, 3 do
    local a, b, c = text:byte(at, at + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for place, divisor in ipairs({262144, 4096, 64, 1}) do
      local six = math.floor(bits / divisor) % 64
      local missing = (place == 3 and not b) or (place == 4 and not c)
      out[#out + 1] = missing and "=" or alphabet:sub(six + 1, six + 1)
    end
  end
  return table.concat(out)
end

local function random_value()
  local bytes = {}
  for i = 1, 128 do
    local at = math.random(1, 62)
    bytes[i] = alphabet:sub(at, at)
  end
  return table.concat(bytes)
end

local function prepare(system, operation, key, value)
  if system == "troupe" then
    local path = "/v1/kv/" .. key
    if operation == "get" then
      return wrk.format("GET", path)
    end
    return wrk.format("PUT", path, {["Content-Type"] = "text/plain"}, value)
  end
  local headers = {["Content-Type"] = "application/json"}
  if operation == "get" then
    return wrk.format("POST", "/v3/kv/range", headers, '{"key":"' .. base64(key) .. '"}')
  end
  return wrk.format("POST", "/v3/kv/put", headers, '{"key":"' .. base64(key) .. '","value":"' .. base64(value) .. '"}')
end

local threads = 0
function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

local requests = {}
local values_max = 256

function init(arguments)
  local system, operation, keys = arguments[1], arguments[2], tonumber(arguments[3])
  math.randomseed(1000 + seed)
  local values = {}
  for i = 1, values_max do
    values[i] = random_value()
  end
  for number = 0, keys - 1 do
    local key = string.format("key-%012d", number)
    requests[number + 1] = prepare(system, operation, key, values[number % values_max + 1])
  end
end

function request()
  return requests[math.random(1, #requests)]
end
