--[[
Takes a scheduler out of RQ's registry and releases the lock, each only if it is still ours.

KEYS  1 lock   2 RQ's registry of cron schedulers (zset)   3 the scheduler's hash
ARGV  1 our lock token   2 scheduler name   3 created_at of the scheduler
Returns  1 when the lock was ours and is released, 0 otherwise.

Why atomic: between a GET and a DEL the lock may expire and become another scheduler's, and another scheduler of the same
name may have entered the registry. A registry that holds something else, or may not be written, keeps nobody from
releasing the lock.
]]
local refusal = guard({ { 'GET', KEYS[1] }, { 'DEL', KEYS[1] } })
if refusal then return refusal end
local born = redis.pcall('HGET', KEYS[3], 'created_at')
if born == false or born == ARGV[3] then redis.pcall('ZREM', KEYS[2], ARGV[2]) end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
return 0
