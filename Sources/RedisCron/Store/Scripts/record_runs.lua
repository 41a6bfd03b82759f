--[[
Records what became of runs, each once, and counts failures where these are bounded.

KEYS  1 lock   2 open runs   3 runs that are watched (both zsets: all scores 0)   4 definitions of which runs are kept (zset: id by
      when the last was recorded)   5 how many runs are kept in all   6 index of definitions   7 recent runs (list of portions)
      then N times 2: the definition's hash, its runs that are over (list, newest first)
ARGV  1 our lock token   2 the present, in RQ's wire format   3 channel of events
      4 what stands before an id in a definition's key   5, 6 the note of a pause after one failure, and after %d
      7 the score in KEYS[4]   8 the job ids one behind the other, all equally long
      9 the portion that is taken out of KEYS[7]; empty for none   10 M   then M members of KEYS[2], runs of the portion that go on
      then N   then N times: flags, and behind them the place of the last run that is kept (-1 to keep none); unless the flags are
      'r' without 'm', the run as a member of KEYS[2] or KEYS[3]; and as the flags say, in this order:
        'r' it stands in the portion; 'w' it stands in KEYS[3]; else in KEYS[2]
        'x' what was recorded of it is taken out: that element
        'e' it is over: its element; then with 'f', it failed, the event of a pause. 's': it succeeded
        'm' its end may change: it goes to KEYS[3]. What the members of its definition begin with, behind a bracket as
            ZRANGEBYLEX has it
        'o' it goes to KEYS[2]
        'b' its definition may bound failures in a row
Returns  'L' when the lock is not ours, 'P' when the portion does not stand there (nothing was done, both times); else an array of
  one character for each, in order, and how many runs are kept in all:
  '+' recorded   '-' it does not stand there any more: nothing was done   'g' taken out, since its definition is gone
  'f' recorded, and the definition's open runs or its count of failures were written   'p' the same, and it is paused

Why atomic: a run is recorded once, and is either open, over or both over and watched; a portion goes in the step in
which each of its runs goes somewhere else; how many are kept agrees with the lists; and a failure is counted once, here or by
enqueue_batch.lua, whichever takes the run out of open_runs.
]]
local protected = pcall
local call, pcall, find, sub = redis.call, redis.pcall, string.find, string.sub
local KEYS, ARGV = KEYS, ARGV
local portion, open_count = ARGV[9], tonumber(ARGV[10])
local arg = 11 + open_count
local count = tonumber(ARGV[arg])
local id_length = #ARGV[8] / count

local refusal = guard({
  { 'GET', KEYS[1] }, { 'ZREM', KEYS[2], 'member' }, { 'ZREM', KEYS[3], 'member' }, { 'ZADD', KEYS[2], '0', 'member' },
  { 'ZADD', KEYS[3], '0', 'member' }, { 'ZLEXCOUNT', KEYS[3], '-', '+' }, { 'ZRANGEBYLEX', KEYS[3], '-', '+' },
  { 'ZADD', KEYS[4], '0', 'id' }, { 'GET', KEYS[5] }, { 'INCRBY', KEYS[5], '1' }, { 'ZREM', KEYS[6], 'id' },
  { 'LREM', KEYS[7], '1', '' }, { 'PUBLISH', ARGV[3], '' }
}) or (count > 0 and guard({
  { 'HGET', KEYS[8], 'id' }, { 'HMGET', KEYS[8], 'id' }, { 'EXISTS', KEYS[8] }, { 'HSET', KEYS[8], 'enabled', '0' },
  { 'HDEL', KEYS[8], 'failure_count' }, { 'LPUSH', KEYS[9], '' }, { 'LTRIM', KEYS[9], '0', '1' },
  { 'LREM', KEYS[9], '1', '' }
})) or mistyped(KEYS[2], 'zset') or mistyped(KEYS[3], 'zset') or mistyped(KEYS[6], 'zset') or mistyped(KEYS[7], 'list')
if refusal then return refusal end
if call('GET', KEYS[1]) ~= ARGV[1] then return 'L' end
if portion ~= '' and call('LREM', KEYS[7], '1', portion) == 0 then return 'P' end

if open_count > 0 then
  local members = {}
  for number = 1, open_count do members[2 * number - 1], members[2 * number] = '0', ARGV[10 + number] end
  call('ZADD', KEYS[2], unpack(members))
end

local id_start = #ARGV[4] + 1
local codes, ends, end_count, kept_change = {}, {}, 0, 0

-- Flags as they come, each kind looked at once. Fewer arguments make a run cheaper.
local kinds = {}
local function kind_of(flags)
  local function has(flag) return find(flags, flag, 1, true) ~= nil end
  local kind = {
    set = has('w') and KEYS[3] or not has('r') and KEYS[2], former = has('x'), is_over = has('e'), failed = has('f'),
    succeeded = has('s'), may_change = has('m'), is_open = has('o'), may_count = has('b'), last = string.match(flags, '%-?%d+')
  }
  kind.most = kind.last + 1
  kind.writes = kind.former or kind.is_over or kind.is_open
  kind.has_member = kind.set or kind.may_change
  kinds[flags] = kind
  return kind
end

-- The open runs (text) without this one; nil if it is not among them.
local function without(open_runs, job)
  if not open_runs or not find(open_runs, job, 1, true) then return nil end
  local is_read, runs = protected(cjson.decode, open_runs)
  if not is_read or type(runs) ~= 'table' then return nil end
  local kept, is_found = {}, false
  for _, run in ipairs(runs) do
    if type(run) == 'table' and run[1] == job then
      is_found = true
    else
      kept[#kept + 1] = cjson.encode(run)
    end
  end
  return is_found and (#kept > 0 and '[' .. table.concat(kept, ',') .. ']' or '') or nil
end

-- Counts the end of a run that the definition still holds to be open: the outcome.
local function count_end(definition, kind, number, limit, event)
  local read = call('HMGET', definition, 'open_runs', 'failure_count', 'enabled')
  local open_runs = without(read[1], sub(ARGV[8], (number - 1) * id_length + 1, number * id_length))
  if not open_runs then return '+' end
  local before = tonumber(read[2] or '') or 0
  local failures = kind.failed and before + 1 or kind.succeeded and 0 or before
  if kind.failed and failures >= limit and tonumber(read[3] or '') ~= 0 then
    pause_definition(definition, ARGV[2], limit == 1 and ARGV[5] or string.format(ARGV[6], limit), open_runs)
    call('ZREM', KEYS[6], sub(definition, id_start))
    call('PUBLISH', ARGV[3], event)
    return 'p'
  end
  write_state(definition, {}, open_runs, failures ~= before and failures or nil)
  return 'f'
end

-- Watches a run, and of its definition no more than so many: the oldest go.
local function watch(member, start, most)
  call('ZADD', KEYS[3], '0', member)
  local excess = call('ZLEXCOUNT', KEYS[3], start, start .. ':') - most
  if excess > 0 then
    call('ZREM', KEYS[3], unpack(call('ZRANGEBYLEX', KEYS[3], start, start .. ':', 'LIMIT', '0', excess)))
  end
end

-- One question for all of them, since nearly always all are there.
local definitions = {}
for number = 1, count do definitions[number] = KEYS[6 + 2 * number] end
local all_exist = count > 0 and call('EXISTS', unpack(definitions)) == count

arg = arg + 1
for number = 1, count do
  local definition, list = KEYS[6 + 2 * number], KEYS[7 + 2 * number]
  local kind = kinds[ARGV[arg]] or kind_of(ARGV[arg])
  arg = arg + 1
  local member, former, ending, event, start
  if kind.has_member then member, arg = ARGV[arg], arg + 1 end
  if kind.former then former, arg = ARGV[arg], arg + 1 end
  if kind.is_over then ending, arg = ARGV[arg], arg + 1 end
  if kind.failed then event, arg = ARGV[arg], arg + 1 end
  if kind.may_change then start, arg = ARGV[arg], arg + 1 end

  local code = '+'
  if kind.set and call('ZREM', kind.set, member) == 0 then
    code = '-'
  elseif kind.writes then
    local limit = kind.may_count and pcall('HGET', definition, 'pause_after_failures')
    if type(limit) == 'table' or (not all_exist and call('EXISTS', definition) == 0) then
      code = 'g'
    else
      if former then
        local removed = pcall('LREM', list, '1', former)
        if type(removed) == 'number' then kept_change = kept_change - removed end
      end
      local most = kind.most
      if ending and most > 0 then
        local length = pcall('LPUSH', list, ending)
        if type(length) == 'number' then
          kept_change = kept_change + 1
          if length > most then
            call('LTRIM', list, '0', kind.last)
            kept_change = kept_change - (length - most)
          end
          ends[end_count + 1], ends[end_count + 2] = ARGV[7], sub(definition, id_start)
          end_count = end_count + 2
        end
        if start then watch(member, start, most) end
      end
      if kind.is_open then call('ZADD', KEYS[2], '0', member) end
      limit = ending and limit and tonumber(limit)
      if limit then code = count_end(definition, kind, number, limit, event) end
    end
  end
  codes[number] = code
end

if end_count > 0 then pcall('ZADD', KEYS[4], unpack(ends)) end
local total = kept_change ~= 0 and pcall('INCRBY', KEYS[5], kept_change) or tonumber(pcall('GET', KEYS[5])) or 0
return { table.concat(codes), type(total) == 'number' and total or 0 }
