--[[
Writes the definitions into the scheduler's entry in RQ's registry, where RQ looks for a scheduler's jobs.

KEYS  1 lock   2 the scheduler's hash
ARGV  1 our lock token   2 the definitions, as RQ writes its own jobs
Returns  1, or 0 when the lock is not ours or the hash has expired (nothing was done).

Why atomic: RQ cannot read a hash that has this field alone, and then shows no scheduler at all. The next heartbeat writes
a hash that has expired.
]]
local refusal = guard({ { 'GET', KEYS[1] }, { 'EXISTS', KEYS[2] }, { 'HSET', KEYS[2], 'cron_jobs', '' } })
if refusal then return refusal end
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
redis.call('HSET', KEYS[2], 'cron_jobs', ARGV[2])
return 1
