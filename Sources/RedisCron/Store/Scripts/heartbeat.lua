--[[
Extends the lock and renews the entry in RQ's registry of schedulers, if the lock is still ours.

KEYS  1 lock   2 RQ's registry of cron schedulers (zset)   3 the scheduler's hash
ARGV  1 our lock token   2 lock TTL in milliseconds   3 scheduler name   4 the present in Unix seconds
      5 TTL of the hash in seconds   6 '1' to write the hash anew, as at birth   then pairs of field and value: the hash
Returns  0 when the lock is not ours (nothing was done), 1 otherwise.

Why atomic: a scheduler that lost the lock must not keep an entry alive that says it leads. Where a key of the registry
holds something else, or may not be written, a birth fails before it has written anything; a leader only goes without
its entry, because what others see of it matters less than the lock.
]]
local refusal = guard({ { 'GET', KEYS[1] }, { 'PEXPIRE', KEYS[1], ARGV[2] } })
if refusal then return refusal end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
refusal = guard({
  { 'TYPE', KEYS[2] }, { 'ZADD', KEYS[2], ARGV[4], ARGV[3] }, { 'HSET', KEYS[3], 'name', ARGV[3] },
  { 'EXPIRE', KEYS[3], ARGV[5] }
}) or mistyped(KEYS[2], 'zset') or mistyped(KEYS[3], 'hash')
if refusal and ARGV[6] == '1' then return refusal end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if refusal then return 1 end
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[6] == '1' or redis.call('EXPIRE', KEYS[3], ARGV[5]) == 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, 7))
  redis.call('EXPIRE', KEYS[3], ARGV[5])
end
return 1
