--[[
Queues one RQ job, outside of any schedule.

KEYS  1 RQ's set of queues   2 the queue   3 the job's hash
ARGV  1 job id   2 ttl in seconds, or empty   then pairs of field and value: the job's hash
Returns  1.

Why atomic: a worker must never pop an id whose hash is not there yet.
]]
for _, key in ipairs({ KEYS[1], KEYS[2] }) do
  local found, wanted = redis.call('TYPE', key).ok, key == KEYS[1] and 'set' or 'list'
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end
-- Redis looks at the rights of each command as it comes; without this a missing one would stop the script half way.
local may = redis.acl_check_cmd or function() return true end
for _, command in ipairs({
  { 'HSET', KEYS[3], 'status', 'queued' }, { 'EXPIRE', KEYS[3], '1' }, { 'SADD', KEYS[1], KEYS[2] },
  { 'RPUSH', KEYS[2], ARGV[1] }
}) do
  if not may(unpack(command)) then
    return redis.error_reply('NOPERM this user may not run ' .. command[1] .. ' on ' .. command[2])
  end
end
redis.call('HSET', KEYS[3], unpack(ARGV, 3))
if ARGV[2] ~= '' then redis.call('EXPIRE', KEYS[3], ARGV[2]) end
redis.call('SADD', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[2], ARGV[1])
return 1
