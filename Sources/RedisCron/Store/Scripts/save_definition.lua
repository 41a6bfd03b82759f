--[[
Writes a definition: hash, index, update marker and event in one step.

KEYS  1 the definition's hash   2 index of definitions   3 update marker
ARGV  1 id   2 mode: 'create' (whatever stands there), 'new' (only if nothing does), 'edit' (only what exists)
      3 updated_at that must still stand there, or empty for any
      4 next_enqueue_time that must still stand there, or '*' for any
      5 index score to set; empty: keep the one that stands there
      6 index score for an entry that is missing from the index
      7 channel   8 event   9 update marker   then pairs of field and value to write
Returns  1 when written, 0 when mode is 'edit' and there is no such definition, -1 when it is not as expected.

Why atomic: a scheduler must never see a hash of the new definition beside the index entry of the old one, and a
definition that was deleted meanwhile must not come back.
]]
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then
  if ARGV[2] == 'edit' then return 0 end
  if ARGV[3] ~= '' then return -1 end
elseif kind ~= 'hash' then
  return redis.error_reply('WRONGTYPE the key of the definition holds a ' .. kind)
else
  if ARGV[2] == 'new' then return -1 end
  if ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'updated_at') ~= ARGV[3] then return -1 end
  if ARGV[4] ~= '*' and (redis.call('HGET', KEYS[1], 'next_enqueue_time') or '') ~= ARGV[4] then return -1 end
end
for _, key in ipairs({ KEYS[2], KEYS[3] }) do
  local found, wanted = redis.call('TYPE', key).ok, key == KEYS[2] and 'zset' or 'string'
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ', not a ' .. wanted)
  end
end

redis.call('HSET', KEYS[1], unpack(ARGV, 10))
-- Whether it is enabled stands in the hash: another editor may have switched it.
if redis.call('HGET', KEYS[1], 'enabled') == '0' then
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
else
  redis.call('ZADD', KEYS[2], 'NX', ARGV[6], ARGV[1])
end
redis.call('SET', KEYS[3], ARGV[9])
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 1
