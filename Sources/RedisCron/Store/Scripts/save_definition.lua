--[[
Writes a definition: hash, index, update marker and event in one step.

KEYS  1 the definition's hash   2 index of definitions   3 update marker
      4 finished definitions (zset: id by the time at which it is to be deleted)
ARGV  1 id   2 mode: 'create' (whatever stands there), 'new' (only if nothing does), 'edit' (only what exists)
      3 next_enqueue_time that must still stand there, or '*' for any
      4 where it belongs in the index: a score, 'over' for nowhere, or empty to keep the entry that stands there
      5 index score for an entry that is missing from the index, or empty to leave it missing
      6 channel   7 event   8 update marker
      9 the time at which it is to be deleted, as a score; empty for never, '*' to keep what stands there
      10 the updated_at that must still stand there, or '*' for any
      11 N, the number of names that follow: with 'create' fields of ours, none of which may outlive the definition that
      had it, none otherwise
      then N names, then M, the number of fields to remove in any mode, M names, and pairs of field and value to write,
      none of which is to be removed
Returns  1 when written, 0 when mode is 'edit' and there is no such definition, -1 when it is not as expected.

Why atomic: a scheduler must never see a hash of the new definition beside the index entry of the old one, and a
definition that was deleted meanwhile must not come back.
]]
local refusal = guard({
  { 'TYPE', KEYS[1] }, { 'HGET', KEYS[1], 'enabled' }, { 'HSET', KEYS[1], 'id', ARGV[1] },
  { 'HDEL', KEYS[1], 'field' }, { 'ZADD', KEYS[2], '0', ARGV[1] }, { 'ZREM', KEYS[2], ARGV[1] },
  { 'SET', KEYS[3], ARGV[8] }, { 'ZADD', KEYS[4], '0', ARGV[1] }, { 'ZREM', KEYS[4], ARGV[1] },
  { 'PUBLISH', ARGV[6], ARGV[7] }
})
if refusal then return refusal end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then
  if ARGV[2] == 'edit' then return 0 end
elseif kind ~= 'hash' then
  return redis.error_reply('WRONGTYPE the key of the definition holds a ' .. kind)
else
  if ARGV[2] == 'new' then return -1 end
  if ARGV[3] ~= '*' and (redis.call('HGET', KEYS[1], 'next_enqueue_time') or '') ~= ARGV[3] then return -1 end
  if ARGV[10] ~= '*' and (redis.call('HGET', KEYS[1], 'updated_at') or '') ~= ARGV[10] then return -1 end
end
refusal = mistyped(KEYS[2], 'zset') or mistyped(KEYS[3], 'string') or mistyped(KEYS[4], 'zset')
if refusal then return refusal end

local removed = 12 + tonumber(ARGV[11])
local first = removed + 1 + tonumber(ARGV[removed])
redis.call('HSET', KEYS[1], unpack(ARGV, first))
if ARGV[2] == 'create' then
  -- Fields of others stay.
  local is_written = {}
  for arg = first, #ARGV, 2 do is_written[ARGV[arg]] = true end
  for arg = 12, removed - 1 do
    if not is_written[ARGV[arg]] then redis.call('HDEL', KEYS[1], ARGV[arg]) end
  end
end
if first > removed + 1 then redis.call('HDEL', KEYS[1], unpack(ARGV, removed + 1, first - 1)) end
-- Whether it is enabled stands in the hash: another editor may have switched it.
if tonumber(redis.call('HGET', KEYS[1], 'enabled') or '') == 0 or ARGV[4] == 'over' then
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
elseif ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[2], 'NX', ARGV[5], ARGV[1])
end
if ARGV[9] == '' then
  redis.call('ZREM', KEYS[4], ARGV[1])
elseif ARGV[9] ~= '*' then
  redis.call('ZADD', KEYS[4], ARGV[9], ARGV[1])
end
redis.call('SET', KEYS[3], ARGV[8])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return 1
