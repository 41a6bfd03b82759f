--[[
Settles index entries that lead to no run: prunes what stands for nothing, takes out what is disabled, moves what the
definition says is due later.

KEYS
  1                 lock
  2                 index of definitions
  then N            the definitions' hashes
  then N            the keys of RQ's own history of that name (`…:jobs`)
ARGV
  1                 our lock token, or empty when the caller need not lead
  2                 what stands before an id in a definition's key
  3                 N
  then N times 2    index score as it was read, next index score or empty
Returns
  'L' when the lock is not ours (nothing was done), else one character for each entry, in order:
  'p' pruned        'd' disabled, taken out        'r' moved to the next score
  'f' RQ's own entry (there is a history of that name and no hash): left alone
  '-' left alone: the entry changed since it was read, or nothing was to be done

Why atomic: RQ keeps names of its own in the same zset, and an editor may write the hash at any time. Whether an entry
stands for nothing can only be said in the same instant in which it is removed.
]]
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 'L'
end

local id_start, count = #ARGV[2] + 1, tonumber(ARGV[3])
local outcome = {}
for j = 1, count do
  local definition = KEYS[2 + j]
  local id = string.sub(definition, id_start)
  local expected, next_score = ARGV[2 + 2 * j], ARGV[3 + 2 * j]
  local result = '-'
  if redis.call('ZSCORE', KEYS[2], id) == expected then
    local kind = redis.call('TYPE', definition).ok
    if kind == 'none' then
      if redis.call('EXISTS', KEYS[2 + count + j]) == 1 then
        result = 'f'
      else
        redis.call('ZREM', KEYS[2], id)
        result = 'p'
      end
    elseif kind == 'hash' then
      if redis.call('HGET', definition, 'enabled') == '0' then
        redis.call('ZREM', KEYS[2], id)
        result = 'd'
      elseif next_score ~= '' then
        redis.call('ZADD', KEYS[2], 'XX', next_score, id)
        result = 'r'
      end
    end
  end
  outcome[j] = result
end
return table.concat(outcome)
