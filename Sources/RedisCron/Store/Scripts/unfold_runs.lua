--[[
Takes entries off the log of runs and puts what they tell where it is read.

KEYS  1 lock   2 log of runs   3 open runs (zset: all scores 0)   4 definitions of which runs are kept (zset: id by when
      the last was recorded)   5 recent runs (list of portions)
      then R times 2: the refused times of a definition (list, newest first), its hash
ARGV  1 our lock token   2 the first entry as it was read   3 how many entries are taken off   4 the score in KEYS[4]
      5 what stands before an id in a definition's key   6 P   7 M   then P portions for KEYS[5]   then M members of KEYS[3]
      then R times 3: what was refused as an element of its list, the place of the last element that is kept, '1' if it takes the
      place of the first element
Returns  'L' when the lock is not ours, 0 when the log does not begin with that entry or is shorter (nothing was done, both
  times), else 1.

Why atomic: what is taken off the log stands somewhere else, and nothing is taken in twice. A call that is repeated after a lost
answer finds another beginning.
]]
local call, pcall = redis.call, redis.pcall
local portion_count, count = tonumber(ARGV[6]), tonumber(ARGV[7])
local has_refusals = #KEYS > 5
local refusal = guard({
  { 'GET', KEYS[1] }, { 'LINDEX', KEYS[2], '0' }, { 'LLEN', KEYS[2] }, { 'LTRIM', KEYS[2], '1', '-1' },
  { 'ZADD', KEYS[3], '0', 'member' }, { 'RPUSH', KEYS[5], 'portion' }
}) or (has_refusals and guard({
  { 'EXISTS', KEYS[7] }, { 'LSET', KEYS[6], '0', '' }, { 'LPUSH', KEYS[6], '' }, { 'LTRIM', KEYS[6], '0', '1' },
  { 'ZADD', KEYS[4], 'NX', '0', 'id' }
})) or mistyped(KEYS[2], 'list') or mistyped(KEYS[3], 'zset') or mistyped(KEYS[5], 'list')
if refusal then return refusal end
if call('GET', KEYS[1]) ~= ARGV[1] then return 'L' end
if call('LINDEX', KEYS[2], '0') ~= ARGV[2] or call('LLEN', KEYS[2]) < tonumber(ARGV[3]) then return 0 end

local arg = 8
for _ = 1, portion_count do
  call('RPUSH', KEYS[5], ARGV[arg])
  arg = arg + 1
end

local members, size = {}, 0
for number = 1, count do
  members[size + 1], members[size + 2] = '0', ARGV[arg]
  arg = arg + 1
  size = size + 2
  if size == 2000 or number == count then
    call('ZADD', KEYS[3], unpack(members, 1, size))
    size = 0
  end
end

local id_start = #ARGV[5] + 1
for key = 6, #KEYS, 2 do
  local list, last = KEYS[key], ARGV[arg + 1]
  if last ~= '-1' and call('EXISTS', KEYS[key + 1]) == 1 then
    local is_joined = ARGV[arg + 2] == '1' and not pcall('LSET', list, '0', ARGV[arg]).err
    if not is_joined and type(pcall('LPUSH', list, ARGV[arg])) == 'number' then
      call('LTRIM', list, '0', last)
      -- So that they are found when the definition is gone.
      pcall('ZADD', KEYS[4], 'NX', ARGV[4], string.sub(KEYS[key + 1], id_start))
    end
  end
  arg = arg + 3
end
call('LTRIM', KEYS[2], ARGV[3], '-1')
return 1
