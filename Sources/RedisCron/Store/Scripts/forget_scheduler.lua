--[[
Takes a scheduler that fell silent out of RQ's registry.

KEYS  1 RQ's registry of cron schedulers (zset)
ARGV  1 scheduler name   2 its last heartbeat, as it was read
Returns  1 when it was removed, 0 when it is gone or has beaten since.

Why atomic: it may beat between the look and the removal.
]]
local refusal = guard({ { 'ZSCORE', KEYS[1], ARGV[1] }, { 'ZREM', KEYS[1], ARGV[1] } })
if refusal then return refusal end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
return redis.call('ZREM', KEYS[1], ARGV[1])
