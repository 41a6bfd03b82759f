--[[
Records what became of runs, each once, and counts failures where these are bounded.

KEYS  1 lock   2 open runs   3 runs that are watched (both zsets: all scores 0)   4 definitions of which runs are kept (zset: id by
      when the last was recorded)   5 how many runs are kept in all   6 index of definitions
      then N times 2: the definition's hash, its runs that are over (list, newest first)
ARGV  1 our lock token   2 the present, in RQ's wire format   3 channel of events
      4 what stands before an id in a definition's key   5, 6 the note of a pause after one failure, and after %d
      7 the score in KEYS[4]   8 the job ids one behind the other, all equally long   9 N
      then N times: flags, and behind them the place of the last run that is kept (-1 to keep none); the run as a member of KEYS[2] or
      KEYS[3]; and as the flags say, in this order:
        'w' it stands in KEYS[3], else in KEYS[2]
        'x' what was recorded of it is taken out: that element
        'e' it is over: its element; then with 'f', it failed, the event of a pause. 's': it succeeded
        'm' its end may change: it goes to KEYS[3]. What the members of its definition begin with, behind a bracket as
            ZRANGEBYLEX has it
        'o' it goes to KEYS[2]
Returns  'L' when the lock is not ours (nothing was done); else an array of one character for each, in order, and how many runs
  are kept in all:
  '+' recorded   '-' it does not stand there any more: nothing was done   'g' taken out, since its definition is gone
  'f' recorded, and the definition's open runs or its count of failures were written   'p' the same, and it is paused

Why atomic: a run is recorded once, and is either open, over or both over and watched; how many are kept agrees with the lists;
and a failure is counted once, here or by enqueue_batch.lua, whichever takes the run out of open_runs.
]]
local protected = pcall
local call, pcall, find, sub = redis.call, redis.pcall, string.find, string.sub
local KEYS, ARGV = KEYS, ARGV
local count = tonumber(ARGV[9])
local id_length = #ARGV[8] / count

local refusal = guard({
  { 'GET', KEYS[1] }, { 'ZREM', KEYS[2], 'member' }, { 'ZREM', KEYS[3], 'member' }, { 'ZADD', KEYS[2], '0', 'member' },
  { 'ZADD', KEYS[3], '0', 'member' }, { 'ZLEXCOUNT', KEYS[3], '-', '+' }, { 'ZRANGEBYLEX', KEYS[3], '-', '+' },
  { 'ZADD', KEYS[4], '0', 'id' }, { 'GET', KEYS[5] }, { 'INCRBY', KEYS[5], '1' }, { 'ZREM', KEYS[6], 'id' },
  { 'HMGET', KEYS[7], 'id' }, { 'EXISTS', KEYS[7] }, { 'HSET', KEYS[7], 'enabled', '0' },
  { 'HDEL', KEYS[7], 'failure_count' }, { 'LPUSH', KEYS[8], '' }, { 'LTRIM', KEYS[8], '0', '1' },
  { 'LREM', KEYS[8], '1', '' }, { 'PUBLISH', ARGV[3], '' }
}) or mistyped(KEYS[2], 'zset') or mistyped(KEYS[3], 'zset') or mistyped(KEYS[6], 'zset')
if refusal then return refusal end
if call('GET', KEYS[1]) ~= ARGV[1] then return 'L' end

local id_start = #ARGV[4] + 1
local codes, ends, end_count, kept_change = {}, {}, 0, 0

-- Flags as they come, each kind looked at once. Fewer arguments make a run cheaper.
local kinds = {}
local function kind_of(flags)
  local function has(flag) return find(flags, flag, 1, true) ~= nil end
  local kind = {
    set = has('w') and KEYS[3] or KEYS[2], former = has('x'), is_over = has('e'), failed = has('f'), succeeded = has('s'),
    may_change = has('m'), is_open = has('o'), last = string.match(flags, '%-?%d+')
  }
  kind.most = kind.last + 1
  kind.writes = kind.former or kind.is_over or kind.is_open
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

local arg = 10
for number = 1, count do
  local definition, list = KEYS[5 + 2 * number], KEYS[6 + 2 * number]
  local member = ARGV[arg + 1]
  local kind = kinds[ARGV[arg]] or kind_of(ARGV[arg])
  arg = arg + 2
  local former, ending, event, start
  if kind.former then former, arg = ARGV[arg], arg + 1 end
  if kind.is_over then ending, arg = ARGV[arg], arg + 1 end
  if kind.failed then event, arg = ARGV[arg], arg + 1 end
  if kind.may_change then start, arg = ARGV[arg], arg + 1 end

  local code = '+'
  if call('ZREM', kind.set, member) == 0 then
    code = '-'
  elseif kind.writes then
    local found = pcall('HMGET', definition, 'id', 'pause_after_failures')
    -- Not every definition that Python wrote has its id in it.
    if found.err or (not found[1] and call('EXISTS', definition) == 0) then
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
      local limit = ending and found[2] and tonumber(found[2])
      if limit then code = count_end(definition, kind, number, limit, event) end
    end
  end
  codes[number] = code
end

if end_count > 0 then pcall('ZADD', KEYS[4], unpack(ends)) end
local total = kept_change ~= 0 and pcall('INCRBY', KEYS[5], kept_change) or tonumber(pcall('GET', KEYS[5])) or 0
return { table.concat(codes), type(total) == 'number' and total or 0 }
