--[[
Writes new definitions: their hashes, index, update marker and events in one step.

KEYS  1 index of definitions   2 update marker   3 finished definitions (zset: id by the time at which it is to be deleted)
      then N hashes of definitions
ARGV  1 channel   2 update marker   3 N   then N times: id, event, index score or empty for nowhere, the time at which it is to be
      deleted, as a score, or empty for never, M, and M fields and values, one behind the other
Returns  one character for each: '+' written, '-' there is something of that key already, which was left alone.

Why atomic: a scheduler must never see a hash without its index entry. That many are written in one step saves what each script costs
besides; each is written or left alone for itself.
]]
local refusal = guard({
  { 'TYPE', KEYS[4] }, { 'EXISTS', KEYS[4] }, { 'HSET', KEYS[4], 'id', ARGV[4] }, { 'ZADD', KEYS[1], '0', ARGV[4] },
  { 'ZREM', KEYS[1], ARGV[4] }, { 'SET', KEYS[2], ARGV[2] }, { 'ZADD', KEYS[3], '0', ARGV[4] },
  { 'ZREM', KEYS[3], ARGV[4] }, { 'PUBLISH', ARGV[1], ARGV[5] }
}) or mistyped(KEYS[1], 'zset') or mistyped(KEYS[2], 'string') or mistyped(KEYS[3], 'zset')
if refusal then return refusal end

local call, unpack = redis.call, unpack
local has_deletions = call('EXISTS', KEYS[3]) == 1
local codes = {}
local arg, is_any = 4, false
for number = 1, tonumber(ARGV[3]) do
  local id, event, score, deletion = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
  local first = arg + 5
  arg = first + tonumber(ARGV[arg + 4])
  local key = KEYS[3 + number]
  if call('EXISTS', key) == 1 then
    codes[number] = '-'
  else
    call('HSET', key, unpack(ARGV, first, arg - 1))
    -- What another definition of that id may have left behind goes.
    if score == '' then call('ZREM', KEYS[1], id) else call('ZADD', KEYS[1], score, id) end
    if deletion ~= '' then
      call('ZADD', KEYS[3], deletion, id)
    elseif has_deletions then
      call('ZREM', KEYS[3], id)
    end
    call('PUBLISH', ARGV[1], event)
    codes[number] = '+'
    is_any = true
  end
end
if is_any then call('SET', KEYS[2], ARGV[2]) end
return table.concat(codes)
