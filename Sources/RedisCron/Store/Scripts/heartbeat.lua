--[[
Extends the lock and renews the entry in RQ's registry of schedulers, if the lock is still ours.

KEYS  1 lock   2 RQ's registry of cron schedulers (zset)   3 the scheduler's hash
ARGV  1 our lock token   2 lock TTL in milliseconds   3 scheduler name   4 the present in Unix seconds
      5 TTL of the hash in seconds   6 '1' to write the hash anew, as at birth   then pairs of field and value: the hash
Returns  0 when the lock is not ours (nothing was done), 1 otherwise.

Why atomic: a scheduler that lost the lock must not keep an entry alive that says it leads. Where a key of the registry
holds something else, a birth fails before it has written anything; a leader only goes without its entry, because what
others see of it matters less than the lock.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
for key, wanted in pairs({ [KEYS[2]] = 'zset', [KEYS[3]] = 'hash' }) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then
    if ARGV[6] == '1' then
      return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[6] == '1' or redis.call('EXPIRE', KEYS[3], ARGV[5]) == 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, 7))
  redis.call('EXPIRE', KEYS[3], ARGV[5])
end
return 1
