--[[
Queues one RQ job, outside of any schedule.

KEYS  1 RQ's set of queues   2 the queue   3 the job's hash   4 the definition's hash
ARGV  1 job id   2 ttl in seconds, or empty   then pairs of field and value: the job's hash
Returns  1.

Why atomic: a worker must never pop an id whose hash is not there yet.
]]
local refusal = guard({
  { 'TYPE', KEYS[1] }, { 'HSET', KEYS[3], 'status', 'queued' }, { 'EXPIRE', KEYS[3], '1' },
  { 'SADD', KEYS[1], KEYS[2] }, { 'RPUSH', KEYS[2], ARGV[1] }
}) or mistyped(KEYS[1], 'set') or mistyped(KEYS[2], 'list')
if refusal then return refusal end
redis.call('HSET', KEYS[3], unpack(ARGV, 3))
if ARGV[2] ~= '' then redis.call('EXPIRE', KEYS[3], ARGV[2]) end
redis.call('SADD', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[2], ARGV[1])
-- The job's id is random, and found again only where its definition remembers it. The job is queued in any case: to a user
-- who may not write definitions, and where the definition was deleted meanwhile.
if redis.pcall('TYPE', KEYS[4]).ok == 'hash' then redis.pcall('HSET', KEYS[4], 'triggered_job', ARGV[1]) end
return 1
