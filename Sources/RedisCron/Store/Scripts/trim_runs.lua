--[[
Removes the oldest runs of definitions, so that no more are kept in all than wanted.

KEYS  1 definitions of which runs are kept (zset: id by when the last was recorded)   2 how many runs are kept
      then N times 2: the runs of a definition that are over (list, newest first), its refused times
ARGV  N times 3: its id, how many of its runs are removed, the last of them as it was read or empty
Returns  an array: how many runs are kept in all, and how many of these definitions are still in KEYS[1].

Why atomic: how many are kept agrees with the lists. A list whose end is another than was read is left alone.
]]
local call, pcall = redis.call, redis.pcall
local refusal = guard({
  { 'GET', KEYS[2] }, { 'INCRBY', KEYS[2], '1' }, { 'LINDEX', KEYS[3], '-1' }, { 'LLEN', KEYS[3] },
  { 'LTRIM', KEYS[3], '0', '1' }, { 'EXISTS', KEYS[3], KEYS[4] }, { 'ZREM', KEYS[1], 'id' }
}) or mistyped(KEYS[1], 'zset')
if refusal then return refusal end
local removed, gone = 0, 0
for key = 3, #KEYS, 2 do
  local arg = (key - 3) / 2 * 3
  local count, length = tonumber(ARGV[arg + 2]), pcall('LLEN', KEYS[key])
  if type(length) == 'number' and count > 0 and length > 0 and call('LINDEX', KEYS[key], '-1') == ARGV[arg + 3] then
    call('LTRIM', KEYS[key], '0', -count - 1)
    removed = removed + math.min(count, length)
  end
  if call('EXISTS', KEYS[key], KEYS[key + 1]) == 0 then gone = gone + call('ZREM', KEYS[1], ARGV[arg + 1]) end
end
local total = removed > 0 and pcall('INCRBY', KEYS[2], -removed) or tonumber(pcall('GET', KEYS[2])) or 0
return { type(total) == 'number' and total or 0, (#KEYS - 2) / 2 - gone }
