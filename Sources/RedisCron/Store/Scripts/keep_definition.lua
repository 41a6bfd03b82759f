--[[
Takes a definition off the list of those that are to be deleted, unless it is finished.

KEYS  1 finished definitions (zset: id by the time at which it is to be deleted)   2 the definition's hash
ARGV  1 id   2 its score in KEYS[1] as it was read
Returns  1 when it was taken off, 0 when it is finished, or its entry is gone or was changed.

Why atomic: it may finish between the look and the removal, and is to be deleted then.
]]
local refusal = guard({
  { 'ZSCORE', KEYS[1], ARGV[1] }, { 'HGET', KEYS[2], 'next_enqueue_time' }, { 'ZREM', KEYS[1], ARGV[1] }
}) or mistyped(KEYS[1], 'zset')
if refusal then return refusal end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.pcall('HGET', KEYS[2], 'next_enqueue_time') == '9999-12-31T23:59:59.999999Z' then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
