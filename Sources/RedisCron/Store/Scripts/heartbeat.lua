--[[
Extends the lock, publishes the scheduler's time zone and renews the entry in RQ's registry of schedulers, if the lock is
still ours.

KEYS  1 lock   2 RQ's registry of cron schedulers (zset)   3 the scheduler's hash   4 the published time zone
ARGV  1 our lock token   2 lock TTL in milliseconds   3 scheduler name   4 the present in Unix seconds
      5 TTL of the hash in seconds   6 '1' to write the hash anew, as at birth   7 the time zone, empty where it has no name
      then pairs of field and value: the hash
Returns  0 when the lock is not ours (nothing was done), 1 otherwise.

Why atomic: a scheduler that lost the lock must not keep an entry alive that says it leads, nor publish its zone over its
successor's. Where a key of the registry or the zone's holds something else, or may not be written, a birth fails before
it has written anything; a leader only goes without, because what others see of it matters less than the lock.
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
local zone_refusal = guard({ { 'SET', KEYS[4], ARGV[7] } }) or mistyped(KEYS[4], 'string')
if ARGV[6] == '1' and (refusal or zone_refusal) then return refusal or zone_refusal end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if not zone_refusal then redis.call('SET', KEYS[4], ARGV[7]) end
if refusal then return 1 end
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[6] == '1' or redis.call('EXPIRE', KEYS[3], ARGV[5]) == 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, 8))
  redis.call('EXPIRE', KEYS[3], ARGV[5])
end
return 1
