--[[
Gives a lock without expiry one.

KEYS  1 lock
ARGV  1 the value that was seen in it   2 TTL in milliseconds
Returns  1 when it has one now, 0 when the lock is another one or expires already.

Why atomic: between a look and an EXPIRE the lock may have become another scheduler's, whose shorter TTL must stand.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('PTTL', KEYS[1]) ~= -1 then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
