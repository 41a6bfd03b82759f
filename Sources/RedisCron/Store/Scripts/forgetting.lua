--[[
Removes what is kept of the runs of a definition: for scripts that delete one. Joined behind guard.lua in front of these.

Four keys are given once: +0 open runs   +1 runs that are watched   +2 definitions of which runs are kept   +3 how many runs are kept
]]

-- The commands for this, for `guard` or to be asked one by one.
local function forgetting(key, runs, refusals)
  return {
    { 'LLEN', runs }, { 'DEL', runs, refusals }, { 'ZREMRANGEBYLEX', KEYS[key], '-', '-' },
    { 'ZREMRANGEBYLEX', KEYS[key + 1], '-', '-' }, { 'ZREM', KEYS[key + 2], 'id' }, { 'INCRBY', KEYS[key + 3], '0' },
    { 'DEL', KEYS[key + 3] }
  }
end

--[[
Removes them. `start` is what its members of the sets begin with, behind a bracket as ZRANGEBYLEX has it. A key of another type is left
alone, except that of its runs.
]]
local function forget_runs(key, runs, refusals, id, start)
  local count = redis.pcall('LLEN', runs)
  -- The entry that leads here stays until this is done.
  if type(redis.pcall('DEL', runs, refusals)) ~= 'number' then return end
  redis.pcall('ZREMRANGEBYLEX', KEYS[key], start, start .. ':')
  redis.pcall('ZREMRANGEBYLEX', KEYS[key + 1], start, start .. ':')
  redis.pcall('ZREM', KEYS[key + 2], id)
  if type(count) == 'number' and count > 0 then
    local left = redis.pcall('INCRBY', KEYS[key + 3], -count)
    if type(left) == 'number' and left <= 0 then redis.pcall('DEL', KEYS[key + 3]) end
  end
end
