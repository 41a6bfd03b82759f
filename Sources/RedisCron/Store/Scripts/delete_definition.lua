--[[
Removes a definition: hash, index entry, and the news of it in one step.

KEYS  1 the definition's hash   2 index of definitions   3 update marker
ARGV  1 id   2 channel   3 event   4 update marker
Returns  1 when there was such a definition, 0 when there was none (nothing is announced then).

Why atomic: an index entry without a hash, or a hash without its entry, would be seen by a tick in between. The entry
of an id that has no hash is not touched: it may be one of RQ's own names.
]]
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
  return 0
end
-- Redis looks at the rights of each command as it comes; without this a missing one would stop the script half way.
local may = redis.acl_check_cmd or function() return true end
for _, command in ipairs({
  { 'DEL', KEYS[1] }, { 'ZREM', KEYS[2], ARGV[1] }, { 'SET', KEYS[3], ARGV[4] }, { 'PUBLISH', ARGV[2], ARGV[3] }
}) do
  if not may(unpack(command)) then
    return redis.error_reply('NOPERM this user may not run ' .. command[1] .. ' on ' .. command[2])
  end
end
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  local found, wanted = redis.call('TYPE', key).ok, key == KEYS[2] and 'zset' or 'string'
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], ARGV[4])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
