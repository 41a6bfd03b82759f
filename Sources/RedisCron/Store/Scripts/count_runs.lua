--[[
Corrects how many runs are kept.

KEYS  1 how many runs are kept
ARGV  1 by how much   2 what it is if there is no number
Returns  how many there are then.

Why atomic: it changes with each run that is over.
]]
local refusal = guard({ { 'INCRBY', KEYS[1], '1' }, { 'SET', KEYS[1], '1' }, { 'TYPE', KEYS[1] } })
if refusal then return refusal end
if redis.call('TYPE', KEYS[1]).ok ~= 'none' then
  local total = redis.pcall('INCRBY', KEYS[1], ARGV[1])
  if type(total) == 'number' then return total end
end
redis.call('SET', KEYS[1], ARGV[2])
return tonumber(ARGV[2])
