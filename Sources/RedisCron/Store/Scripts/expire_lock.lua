--[[
Gives a lock an expiry that has none, or one that is further off.

KEYS  1 lock
ARGV  1 the value that was seen in it   2 TTL in milliseconds
Returns  1 when it has that one now, 0 when the lock is another one or expires as soon already.

Why atomic: between a look and an EXPIRE the lock may have become another scheduler's, whose shorter TTL must stand.
]]
local refusal = guard({ { 'GET', KEYS[1] }, { 'PTTL', KEYS[1] }, { 'PEXPIRE', KEYS[1], ARGV[2] } })
if refusal then return refusal end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local left = redis.call('PTTL', KEYS[1])
if left ~= -1 and left <= tonumber(ARGV[2]) then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
