-- Visitors who hold a pass read posts at random. `posts`, `first` and `visitors`
-- stand before this.
local function pass(number)
  return string.format("pass=%021dA.%042dA", number, number)
end

function init() math.randomseed(first) end

function request()
  local visitor = first + math.random(visitors) - 1
  return wrk.format("GET", posts[math.random(#posts)], { ["Cookie"] = pass(visitor) })
end
