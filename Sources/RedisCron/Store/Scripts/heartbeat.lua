--[[
Extends the lock and renews the entry in RQ's registry of schedulers, if the lock is still ours.

KEYS  1 lock   2 RQ's registry of cron schedulers (zset)   3 the scheduler's hash
ARGV  1 our lock token   2 lock TTL in milliseconds   3 scheduler name   4 the present in Unix seconds
      5 TTL of the hash in seconds   6 '1' to write the hash anew, as at birth   then pairs of field and value: the hash
Returns  0 when the lock is not ours (nothing was done), 1 otherwise.

Why atomic: a scheduler that lost the lock must not keep an entry alive that says it leads.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[6] == '1' or redis.call('EXPIRE', KEYS[3], ARGV[5]) == 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, 7))
  redis.call('EXPIRE', KEYS[3], ARGV[5])
end
return 1
