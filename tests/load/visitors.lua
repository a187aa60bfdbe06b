-- Visitors who hold a pass read posts at random. `posts`, `first` and `visitors`
-- stand before this. What can be is made before the clock runs: the load and what is
-- measured share the processor.
local before, after = {}, {}

function init()
  math.randomseed(first)
  for i, path in ipairs(posts) do
    local request = wrk.format("GET", path, { ["Cookie"] = "pass=@" })
    before[i] = request:sub(1, request:find("@", 1, true) - 1)
  end
  local rest = wrk.format("GET", "/", { ["Cookie"] = "@" })
  rest = rest:sub(rest:find("@", 1, true) + 1)
  for i = 1, visitors do
    local number = first + i - 1
    after[i] = string.format("%021dA.%042dA", number, number) .. rest
  end
end

function request() return before[math.random(#before)] .. after[math.random(visitors)] end
