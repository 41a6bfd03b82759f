--[[
Reconciles index entries that lead to no run: prunes what stands for nothing, takes out what is disabled or has no further
run, moves what the definition says is due later.

KEYS
  1                 lock
  2                 index of definitions
  then N            the definitions' hashes
  then N            the keys of RQ's own history of that name (`…:jobs`)
ARGV
  1                 our lock token, or empty when the caller need not lead
  2                 what stands before an id in a definition's key
  3                 N
  then N times 4    index score as it was read
                    where the entry belongs: a score, 'over' when there is no further run, or empty when that is not said
                    next_enqueue_time that goes with the score, or empty to leave the hash alone
                    updated_at of the definition that says so, as it was read, or '*' for any
Returns
  'L' when the lock is not ours (nothing was done), else one character for each entry, in order:
  'p' pruned        'd' disabled, taken out        'o' no further run, taken out        'r' moved to the next score
  'f' RQ's own entry (there is no hash, and a history of that name that holds more than our part): left alone
  '-' left alone: entry or definition changed since they were read, or nothing was to be done

Why atomic: RQ keeps names of its own in the same zset, and an editor may write the hash at any time. Whether an entry
stands for nothing can only be said in the same instant in which it is removed.

Of a definition that is gone our part of the history goes too; rq_history.lua says which part that is.
]]
local refusal = guard({
  { 'TYPE', KEYS[3] }, { 'HGET', KEYS[3], 'enabled' }, { 'HSET', KEYS[3], 'next_enqueue_time', '' },
  { 'EXISTS', KEYS[3] }, { 'ZSCORE', KEYS[2], 'id' }, { 'ZADD', KEYS[2], '0', 'id' }, { 'ZREM', KEYS[2], 'id' },
  ARGV[1] ~= '' and { 'GET', KEYS[1] } or nil
})
if refusal then return refusal end
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'L'
end

local id_start, count = #ARGV[2] + 1, tonumber(ARGV[3])

local function reconcile_definition(definition, id, place, next_time, updated_at)
  if tonumber(redis.call('HGET', definition, 'enabled') or '') == 0 then
    redis.call('ZREM', KEYS[2], id)
    return 'd'
  elseif place == '' or (updated_at ~= '*' and (redis.call('HGET', definition, 'updated_at') or '') ~= updated_at) then
    return '-'
  elseif place == 'over' then
    redis.call('ZREM', KEYS[2], id)
    return 'o'
  end
  if next_time ~= '' then redis.call('HSET', definition, 'next_enqueue_time', next_time) end
  redis.call('ZADD', KEYS[2], 'XX', place, id)
  return 'r'
end

local outcome = {}
for j = 1, count do
  local definition, arg = KEYS[2 + j], 4 * j
  local id = string.sub(definition, id_start)
  local result = '-'
  if redis.call('ZSCORE', KEYS[2], id) == ARGV[arg] then
    local kind = redis.call('TYPE', definition).ok
    if kind == 'hash' then
      result = reconcile_definition(definition, id, ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3])
    elseif kind == 'none' then
      local history = KEYS[2 + count + j]
      if redis.call('EXISTS', history) == 1 and take_out_of_history(history) then
        result = 'f'
      else
        redis.call('ZREM', KEYS[2], id)
        result = 'p'
      end
    end
  end
  outcome[j] = result
end
return table.concat(outcome)
